"""Forgets what is too old, a day at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC

from chassis.clock import Clock
from chassis.database import Database
from services.telemetry.erasure import drop_before
from services.telemetry.windows import KEPT_RAW

log = logging.getLogger(__name__)

EVERY_S = 86_400.0
RETRY_S = 60.0


class Retention:
    """Drops the days that have passed out of keeping: once at the start, then every `every_s` seconds.

    `dropped` are told whenever days may have gone.
    """

    def __init__(
        self, database: Database, clock: Clock, dropped: Sequence[Callable[[], None]] = (), every_s: float = EVERY_S
    ) -> None:
        self._database = database
        self._clock = clock
        self._dropped = dropped
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins in the background; a store that is away delays nothing."""
        self._task = asyncio.create_task(self._run(), name="telemetry retention")

    async def stop(self) -> None:
        """Ends it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def sweep(self) -> list[str]:
        """Drops every day that is older than is kept; returns the names of their partitions.

        Raises:
            StoreUnavailable: when Postgres is away.
            asyncpg.LockNotAvailableError: when a table is in use for too long.
        """
        try:
            dropped = await drop_before(self._database, self._clock.now().astimezone(UTC).date(), KEPT_RAW)
        finally:
            for told in self._dropped:
                told()
        if dropped:
            log.info("old days dropped", extra={"action": "days_dropped", "partitions": dropped})
        return dropped

    async def _run(self) -> None:
        while True:
            pause = self._every_s
            try:
                await self.sweep()
            except Exception as error:
                # Whatever it is, the next sweep must come: a table that only grows fills the disk.
                pause = min(RETRY_S, self._every_s)
                log.warning("old days not dropped", extra={"action": "sweep_failed", "error": str(error)})
            await asyncio.sleep(pause)
