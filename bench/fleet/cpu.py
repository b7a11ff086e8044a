"""CPU that the parts of a fleet take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psutil


def cpu_seconds(parts: Mapping[str, Sequence[psutil.Process]]) -> dict[str, float]:
    """CPU taken so far by each part, with that of its children that have ended."""
    return {name: sum(taken_by(process) for process in processes) for name, processes in parts.items()}


def taken_by(process: psutil.Process) -> float:
    """CPU of one process; nothing of one that is gone, whose parent then has it."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system
