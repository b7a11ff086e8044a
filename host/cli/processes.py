"""The processes that make up a system, and what memory they take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import psutil

ENGINES = {"postgres": "postgres", "nats-server": "nats"}
"""Names of the engines' programs."""


@dataclass(frozen=True)
class Tree:
    """Processes with all that they started."""

    processes: int = 0
    memory_bytes: int = 0
    measure: str = "PSS"
    """PSS counts shared pages once; RSS, where the system gives no PSS, counts them again for each process."""
    engines: dict[str, int] = field(default_factory=dict[str, int])
    """Process id of each embedded engine."""


def tree_of(pids: Iterable[int]) -> Tree:
    """The processes below those of these ids, as they are now."""
    members: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            members |= {each.pid: each for each in (root, *root.children(recursive=True))}
        except psutil.Error:
            continue
    engines: dict[str, int] = {}
    shares: list[int | None] = []
    resident = 0
    for pid, process in members.items():
        try:
            resident += process.memory_info().rss
            engine = ENGINES.get(process.name())
            parent = members.get(process.ppid())
            # A server's own children bear its name.
            if engine is not None and (parent is None or parent.name() != process.name()):
                engines[engine] = pid
            shares.append(share_of(process))
        except psutil.Error:
            continue
    known = [share for share in shares if share is not None]
    if len(known) == len(shares):
        return Tree(len(members), sum(known), "PSS", engines)
    return Tree(len(members), resident, "RSS", engines)


def share_of(process: psutil.Process) -> int | None:
    """PSS in bytes; None where the system gives none or does not let us see it."""
    try:
        pss: int | None = getattr(process.memory_full_info(), "pss", None)
    except psutil.AccessDenied:
        return None
    return pss
