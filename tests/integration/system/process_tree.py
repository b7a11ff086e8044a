"""The processes that a Spark consists of, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import psutil


def tree_of(pid: int) -> list[psutil.Process]:
    """The process and all below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie does not."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def engines_in(pid: int) -> dict[str, psutil.Process]:
    """The servers below a process: the postmaster as `postgres`, and `nats-server`."""
    found: dict[str, psutil.Process] = {}
    for process in sorted(tree_of(pid), key=lambda each: each.create_time()):
        name = Path((process.cmdline() or [""])[0]).name
        if name in {"postgres", "nats-server"}:
            found.setdefault(name, process)
    return found


def proportional_bytes(processes: Iterable[psutil.Process]) -> int:
    """Their memory, each shared page divided among those that share it (PSS)."""
    total = 0
    for process in processes:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        assert found is not None
        total += int(found[1]) * 1024
    return total
