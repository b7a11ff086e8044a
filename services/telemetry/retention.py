"""Forgets decisions that are too old, a day at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, timedelta

from chassis.clock import Clock
from services.telemetry.postgres import Decisions

log = logging.getLogger(__name__)

KEPT = timedelta(days=14)
"""As long as moments are kept, and twice as long as their stream."""
EVERY_S = 86_400.0
RETRY_S = 60.0


class Retention:
    """Drops the days that have passed out of keeping: once at the start, then every `every_s` seconds."""

    def __init__(self, decisions: Decisions, clock: Clock, every_s: float = EVERY_S) -> None:
        self._decisions = decisions
        self._clock = clock
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
        """Drops every day whose last decision is older than is kept; returns the names of their partitions.

        Raises:
            StoreUnavailable: when Postgres is away.
            asyncpg.LockNotAvailableError: when the table is in use for too long.
        """
        first_kept = (self._clock.now().astimezone(UTC) - KEPT).date()
        dropped = await self._decisions.drop_before(first_kept)
        if dropped:
            log.info("old decisions dropped", extra={"action": "decisions_dropped", "partitions": dropped})
        return dropped

    async def _run(self) -> None:
        while True:
            pause = self._every_s
            try:
                await self.sweep()
            except Exception as error:
                # Whatever it is, the next sweep must come: a table that only grows fills the disk.
                pause = min(RETRY_S, self._every_s)
                log.warning("old decisions not dropped", extra={"action": "sweep_failed", "error": str(error)})
            await asyncio.sleep(pause)
