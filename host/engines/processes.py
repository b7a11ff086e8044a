"""Looks at and ends processes that a dead owner left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from host.engines.faults import EngineFailed


def arguments(pid: int) -> list[str]:
    """The command line of a process; empty for one that is gone, a zombie, or not ours to see."""
    if sys.platform == "linux":
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return []
        return [os.fsdecode(word) for word in line.split(b"\0")[:-1]]
    ps = subprocess.run(["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S603
    return os.fsdecode(ps.stdout).split()


def at_work_in(folder: Path, program: str) -> list[int]:
    """Processes of `program` whose working folder is `folder`. Linux only: elsewhere there is nowhere to look it up."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else ():
        with contextlib.suppress(OSError, IndexError):
            if (entry / "cwd").readlink() == folder and program in arguments(int(entry.name))[0]:
                found.append(int(entry.name))
    return found


def pid_in(file: Path) -> int | None:
    """The number on the first line of a pid file; None when there is none to be read."""
    try:
        first = file.read_text().split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(first) if first.isdigit() else None


async def end(find: Callable[[], Iterable[int]], *, patience: float = 5.0) -> None:
    """Ends every process that `find` names, at once and, after half of `patience` seconds, by force.

    Raises EngineFailed when some are still there at the end.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    sent: set[tuple[int, int]] = set()
    while left := list(find()):
        waited = loop.time() - begun
        if waited > patience:
            raise EngineFailed(f"processes of an earlier run do not end: {', '.join(map(str, left))}")
        force = signal.SIGKILL if waited > patience / 2 else signal.SIGQUIT
        for pid in left:
            if (pid, force) not in sent:
                sent.add((pid, force))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, force)
        await asyncio.sleep(0.01)
