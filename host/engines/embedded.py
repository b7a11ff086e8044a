"""Both engines together, under the lock of their folder: what `spark up`, the tests and the bench start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from host.engines.engine import Engine, OnExit, unheard
from host.engines.lock import EngineLock
from host.engines.nats import start_nats
from host.engines.postgres import start_postgres


@dataclass(frozen=True)
class Engines:
    """Where the store and the bus are; `running` are those that this process has started and must stop."""

    database_url: str
    nats_url: str
    running: tuple[Engine, ...]
    lock: EngineLock

    def alive(self) -> bool:
        return all(engine.alive() for engine in self.running)

    async def watch(self, on_exit: OnExit = unheard) -> None:
        """Keeps the engines running until `stop`; see Engine.watch."""
        await asyncio.gather(*(engine.watch(on_exit) for engine in self.running))

    async def stop(self) -> None:
        """Stops what this process has started, within about 4 s, and gives the lock back."""
        try:
            await asyncio.gather(*(engine.stop() for engine in self.running))
        finally:
            self.lock.release()


async def start_engines(
    home: Path,
    *,
    database_url: str | None = None,
    nats_url: str | None = None,
    postgres_binaries: Path | None = None,
    nats_binary: Path | None = None,
) -> Engines:
    """Starts, in parallel, the engines for which no url is given, with their data in `home`.

    Raises EngineBusy when another process owns the engines of `home`, and what start_postgres and start_nats raise; no
    process and no lock is left behind then.
    """
    lock = EngineLock(home)
    lock.acquire()
    starting: list[asyncio.Task[Engine]] = []
    try:
        if database_url is None:
            starting.append(asyncio.create_task(start_postgres(home, home / "run", binaries=postgres_binaries)))
        if nats_url is None:
            starting.append(asyncio.create_task(start_nats(home, home / "run", binary=nats_binary)))
        running = await asyncio.gather(*starting)
    except BaseException:
        for task in starting:
            # Once is enough: a second time would cut short what the first has it tidy up.
            if not task.cancelling():
                task.cancel()
        for begun in await asyncio.gather(*starting, return_exceptions=True):
            if isinstance(begun, Engine):
                await begun.stop()
        lock.release()
        raise
    urls = {engine.name: engine.url for engine in running}
    return Engines(database_url or urls["postgres"], nats_url or urls["nats"], tuple(running), lock)
