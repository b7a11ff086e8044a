"""What an embedded engine is to its owner: an address that stays, a process that may be replaced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chassis.guarded import CannotRun, Guarded, tail
from host.engines.faults import EngineError, EngineFailed

log = logging.getLogger("spark.engines")

# How often a running engine is looked at, and how long it must run for its next failure to count as its first.
LOOK_EVERY_S = 2.0
STEADY_S = 30.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
# Crash recovery replays at most max_wal_size, which takes seconds; a disk that is full or stuck takes for ever.
START_WITHIN_S = 60.0
LOG_BYTES = 5 * 1024 * 1024
# What an engine may know of our environment: no credentials, and nothing that changes what it does.
INHERITED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True)
class EngineExit:
    """An engine that has to be started again, and why."""

    engine: str
    reason: str


OnExit = Callable[[EngineExit], None]


def unheard(_: EngineExit) -> None:
    """For an owner that need not know: the log says it too."""


class Engine(ABC):
    """An engine of ours. Its url stays the same for as long as this object lives, through restarts."""

    def __init__(self, name: str, log_file: Path) -> None:
        self.name = name
        self._log = log_file
        self._guarded: Guarded | None = None
        self._stopped = asyncio.Event()
        log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @abstractmethod
    async def _boot(self) -> None:
        """Clears what a dead predecessor left, spawns the engine and returns once it serves. Raises EngineError."""

    @property
    def pid(self) -> int:
        """The process that serves; changes with a restart."""
        assert self._guarded is not None, "an engine is handed out started"
        return self._guarded.pid

    def alive(self) -> bool:
        """Whether the process is there, without asking it anything."""
        return self._guarded is not None and self._guarded.alive

    async def healthy(self) -> bool:
        """Whether it can do its work; False only for what a restart would mend."""
        return self.alive()

    async def start(self) -> None:
        """Raises EngineError, and leaves no process behind, when the engine does not come up."""
        _bound(self._log)
        try:
            await asyncio.wait_for(self._boot(), START_WITHIN_S)
        except BaseException as error:
            await asyncio.shield(self._end())
            if isinstance(error, TimeoutError):
                raise EngineFailed(f"{self.name} does not serve after {START_WITHIN_S:.0f} s: {self._told()}") from None
            if isinstance(error, OSError):
                raise EngineFailed(f"{self.name} cannot be started: {error}") from error
            raise

    async def restart(self) -> None:
        """Ends the process if it is still there and starts another at the same address. Raises EngineError."""
        await self._end()
        await self.start()

    async def stop(self) -> None:
        """Orderly, within about 4 s; the engine is not started again."""
        self._stopped.set()
        await self._end()

    async def watch(self, on_exit: OnExit = unheard) -> None:
        """Starts the engine again whenever it ends or falls ill, until `stop`; keeps its log within bounds meanwhile.

        The pause before an attempt doubles from 50 ms to 5 s and begins anew after 30 s of good health.
        """
        pause = FIRST_PAUSE_S
        while not self._stopped.is_set():
            began = asyncio.get_running_loop().time()
            reason = await self._fault()
            if self._stopped.is_set():
                return
            if asyncio.get_running_loop().time() - began > STEADY_S:
                pause = FIRST_PAUSE_S
            log.warning("engine lost", extra={"action": "engine_lost", "engine": self.name, "reason": reason})
            on_exit(EngineExit(self.name, reason))
            while not self._stopped.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), pause)
                    return
                pause = min(2 * pause, LONGEST_PAUSE_S)
                try:
                    await self.restart()
                except EngineError as error:
                    log.warning(
                        "engine down", extra={"action": "engine_down", "engine": self.name, "reason": str(error)}
                    )
                else:
                    log.info("engine back", extra={"action": "engine_back", "engine": self.name})
                    break

    async def _fault(self) -> str:
        while self._guarded is not None:
            try:
                status = await asyncio.wait_for(self._guarded.wait(), LOOK_EVERY_S)
            except TimeoutError:
                _bound(self._log)
                if not await self.healthy():
                    return "cannot do its work"
            else:
                return f"ended with status {status}"
        return "not running"

    async def _spawn(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Guarded:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        try:
            guarded = await Guarded.spawn(command, environment={**inherited, **(environment or {})}, log=self._log)
        except CannotRun as error:
            raise EngineFailed(str(error)) from None
        self._guarded = guarded
        if self._stopped.is_set():
            raise EngineFailed(f"{self.name} was stopped while it started")
        return guarded

    async def _end(self) -> None:
        if self._guarded is not None:
            await self._guarded.stop()

    def _require_alive(self, guarded: Guarded) -> None:
        if not guarded.alive:
            raise EngineFailed(f"{self.name} ended while it started: {self._told()}")

    def _told(self) -> str:
        return f"{tail(self._log)} ({self._log})"


def _bound(log_file: Path) -> None:
    # Cut rather than renamed, since the engine keeps the file open for appending.
    with contextlib.suppress(OSError):
        if log_file.stat().st_size > LOG_BYTES:
            os.truncate(log_file, 0)
