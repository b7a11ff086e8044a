"""The disk of the data folder is full, and later has room again."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.integration.system.running_spark import Spark
from tests.integration.system.witness import Witness

DISK_MIB = 160
"""A new data folder takes 41 MiB, its write-ahead log another 16 when it grows."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A disk of its own; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"A FULL DISK IS NOT TESTED HERE: a tmpfs cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(ballast: Path) -> None:
    """Takes all that is left of the disk, to the last byte."""
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    assert shutil.disk_usage(ballast.parent).free == 0


async def test_a_full_disk_costs_events_and_no_agent_and_heals_by_itself(small_disk: Path) -> None:
    spark = Spark.up(small_disk / "home")
    try:
        async with spark.http() as client:
            witness = Witness(spark, client, "/srv/full", "full")
            await witness.teaches()
            for _ in range(20):
                await witness.sees_a_hook()
            assert witness.unacknowledged == []

            fill(small_disk / "ballast")
            await witness.until_troubled(by="disk")
            assert "MiB free" in witness.troubles["disk"]
            # Until an event has been refused, and for some time after that.
            while len(witness.unacknowledged) < 12:
                await witness.sees_a_hook()
            await witness.asks()
            assert not witness.ready

            (small_disk / "ballast").unlink()
            known = len(witness.acknowledged)
            witness.troubles.clear()
            await witness.sees_a_hook()
            await witness.asks()
            # There is room, and yet NATS cannot store before it is started again.
            assert len(witness.acknowledged) > known or set(witness.troubles) <= {"nats"}
            await witness.until_well()
            await witness.until_advised()
            for _ in range(20):
                await witness.sees_a_hook()
            await witness.agrees()
            print(f"slowest hook {witness.slowest * 1000:.0f} ms, {witness.troubles}", end="; ")
            print(f"{len(witness.acknowledged)} acknowledged, {len(witness.unacknowledged)} not")
    finally:
        assert spark.stop() == 0
