"""A child process together with the guard that ends it when this process is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

GUARD = (sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")))
# The guard's own steps take 4 s at most; past this it is stuck itself.
PATIENCE_S = 6.0


class CannotRun(Exception):
    """The command cannot be executed; the message carries the end of the log."""


class Guarded:
    """One running child; `pid` is the child's, not the guard's."""

    def __init__(self, guard: subprocess.Popen[bytes], lifeline: int, pid: int, ended: asyncio.Future[int]) -> None:
        self.pid = pid
        self._guard = guard
        self._lifeline: int | None = lifeline
        self._ended = ended

    @classmethod
    async def spawn(cls, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> Guarded:
        """Starts `command` with its output appended to `log`. Raises CannotRun when it cannot be executed."""
        guard, lifeline, report = _start(command, environment, log)
        pid, ended = _listen(guard, report)
        try:
            told = await pid
            if told is None:
                raise CannotRun(f"{command[0]} cannot be executed: {tail(log)}")
        except BaseException:
            os.close(lifeline)
            await asyncio.shield(ended)
            raise
        return cls(guard, lifeline, told, ended)

    @property
    def alive(self) -> bool:
        return not self._ended.done()

    async def wait(self) -> int:
        """The child's exit status once it has ended, 128 + n for one that signal n has ended."""
        return await asyncio.shield(self._ended)

    async def stop(self) -> int:
        """Orderly, by force after 4 s; returns the exit status."""
        self._cut()
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self.wait(), PATIENCE_S)
        for pid in (self.pid, self._guard.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return await self.wait()

    def _cut(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None


def tail(log: Path, size: int = 2000) -> str:
    """The last `size` bytes of a log, for a message."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - size))
        return file.read().decode(errors="replace").strip()
    return "(no log)"


def _start(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> tuple[subprocess.Popen[bytes], int, int]:
    lifeline_end, lifeline = os.pipe()
    report, report_end = os.pipe()
    try:
        with open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as output:
            guard = subprocess.Popen(  # noqa: S603
                [*GUARD, *command],
                stdin=lifeline_end,
                stdout=report_end,
                stderr=output,
                env=dict(environment),
                # A Ctrl-C in the owner's terminal is the owner's to act on, in its own order.
                start_new_session=True,
            )
    except BaseException:
        os.close(lifeline)
        os.close(report)
        raise
    finally:
        os.close(lifeline_end)
        os.close(report_end)
    return guard, lifeline, report


def _listen(guard: subprocess.Popen[bytes], report: int) -> tuple[asyncio.Future[int | None], asyncio.Future[int]]:
    loop = asyncio.get_running_loop()
    pid: asyncio.Future[int | None] = loop.create_future()
    ended: asyncio.Future[int] = loop.create_future()

    def hear() -> None:
        told = os.read(report, 64)
        if not pid.done():
            pid.set_result(int(told) if told else None)
        if not told:
            # The guard alone has the other end: it ends with the guard, and the wait is over as soon as it begins.
            loop.remove_reader(report)
            os.close(report)
            ended.set_result(guard.wait())

    loop.add_reader(report, hear)
    return pid, ended
