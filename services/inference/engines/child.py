"""A server of our own on loopback: a child that ends with this process, however that ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from chassis.guarded import CannotRun, Guarded, tail
from services.inference.ports import EngineError

INHERITED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "HOME")
"""What a server may know of our environment: no keys, and nothing that changes what it does."""
LOOK_EVERY_S = 0.02
LOG_BYTES = 1 << 20


class Child:
    """The process of one engine's server; started again as often as needed."""

    def __init__(self, name: str, log: Path) -> None:
        self._name = name
        self._log = log
        self._guarded: Guarded | None = None

    async def start(
        self, command: Sequence[str], serves: Callable[[], Awaitable[bool]], environment: Mapping[str, str]
    ) -> None:
        """Starts the command and returns once `serves` says so; what ran before is ended first.

        Raises:
            EngineError: when it cannot be executed or ends before it serves.
        """
        await self.stop()
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            os.truncate(self._log, 0)
        known = {name: os.environ[name] for name in INHERITED if name in os.environ}
        try:
            self._guarded = await Guarded.spawn(command, environment={**known, **environment}, log=self._log)
        except (CannotRun, OSError):
            raise EngineError(f"{self._name} cannot be started ({self._log})") from None
        try:
            while not await serves():
                if not self._guarded.alive:
                    raise EngineError(f"{self._name} ended while it started: {last_line(self._log)} ({self._log})")
                await asyncio.sleep(LOOK_EVERY_S)
        except BaseException:
            await asyncio.shield(self.stop())
            raise

    async def ended(self) -> str:
        """Waits until the server has ended, and tells how."""
        if self._guarded is None:
            return f"{self._name} does not run"
        return f"{self._name} ended with status {await self._guarded.wait()}"

    async def stop(self) -> None:
        """Ends it, by force after some seconds."""
        guarded, self._guarded = self._guarded, None
        if guarded is not None:
            await guarded.stop()


def last_line(log: Path) -> str:
    """The last that a server said."""
    lines = tail(log).splitlines()
    return lines[-1][:200] if lines else "it said nothing"
