"""Shares of the CPU, written as the kernel of either version reads them, and kept by it where it is there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.fleet.quota import PERIOD_US, NoQuota, hierarchy

SPIN = "while True: pass"


def laid_out(folder: Path, kind: str, options: str, own: str = "") -> tuple[Path, Path, Path]:
    mount, mounts, own_groups = folder / "mount", folder / "mounts", folder / "own"
    (mount / own).mkdir(parents=True)
    mounts.write_text(f"proc /proc proc rw 0 0\n{kind} {mount} {kind} rw,{options} 0 0\n")
    own_groups.write_text(f"4:memory:/elsewhere\n3:cpu,cpuacct:/{own}\n0::/{own}\n")
    return mount, mounts, own_groups


def test_version_1_makes_a_group_below_its_own(tmp_path: Path) -> None:
    mount, mounts, own = laid_out(tmp_path, "cgroup", "cpu,cpuacct", "box")

    group = hierarchy(mounts, own).group("hot")
    group.take(7)
    group.limit(0.25)

    assert (mount / "box/hot/cgroup.procs").read_text() == "7"
    assert (mount / "box/hot/cpu.cfs_period_us").read_text() == str(PERIOD_US)
    assert (mount / "box/hot/cpu.cfs_quota_us").read_text() == str(PERIOD_US // 4)


def test_version_2_passes_the_share_of_the_cpu_on(tmp_path: Path) -> None:
    mount, mounts, own = laid_out(tmp_path, "cgroup2", "nsdelegate")
    (mount / "cgroup.controllers").write_text("cpuset cpu io memory\n")

    group = hierarchy(mounts, own).group("hot")
    group.limit(2)

    assert (mount / "cgroup.subtree_control").read_text() == "+cpu"
    assert (mount / "hot/cpu.max").read_text() == f"{2 * PERIOD_US} {PERIOD_US}"


def test_without_a_share_of_the_cpu_it_says_what_would_do(tmp_path: Path) -> None:
    mount, mounts, own = laid_out(tmp_path, "cgroup2", "nsdelegate")
    (mount / "cgroup.controllers").write_text("memory\n")

    with pytest.raises(NoQuota, match="mount cgroup2"):
        hierarchy(mounts, own)


def test_a_process_is_held_to_its_share() -> None:
    try:
        group = hierarchy().group(f"spark-test-{os.getpid()}")
    except NoQuota as error:
        pytest.skip(str(error))
    spinning = subprocess.Popen([sys.executable, "-S", "-c", SPIN])
    try:
        group.take(spinning.pid)
        group.limit(0.1)
        process = psutil.Process(spinning.pid)
        began, before = time.perf_counter(), process.cpu_times().user
        while (taken := process.cpu_times().user - before) < 0.1:
            assert time.perf_counter() - began < 30
        assert taken / (time.perf_counter() - began) < 0.2
    finally:
        group.leave(spinning.pid)
        spinning.kill()
        spinning.wait()
