"""Archives what was said long ago, in the background: it is still there for whoever asks, and no longer recalled."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta

from chassis.clock import Clock
from chassis.database import Database
from services.memory.entry_rows import archive_entries

log = logging.getLogger(__name__)

EVERY_S = 3600.0
RETRY_S = 60.0
AT_ONCE = 500
"""Entries of a statement, so that whoever speaks meanwhile does not wait for an old archive to be moved."""


class Archive:
    """Archives entries once they are `after` old, at the start and then every hour."""

    def __init__(self, database: Database, clock: Clock, after: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._after = after
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins in the background; a store that is away delays nothing."""
        self._task = asyncio.create_task(self._run(), name="memory archive")

    async def stop(self) -> None:
        """Ends it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def sweep(self) -> int:
        """Archives all that is old enough; returns how many entries.

        Raises:
            StoreUnavailable: when Postgres is away; what was done until then stays done.
        """
        now = self._clock.now()
        archived, moved = 0, AT_ONCE
        while moved == AT_ONCE:
            async with self._database.connection() as connection:
                moved = await archive_entries(connection, now - self._after, now, AT_ONCE)
            archived += moved
        if archived:
            log.info("old entries archived", extra={"action": "entries_archived", "count": archived})
        return archived

    async def _run(self) -> None:
        while True:
            pause = EVERY_S
            try:
                await self.sweep()
            except Exception as error:
                # Whatever it is, the next sweep must come: what is never archived is read at each recall.
                pause = RETRY_S
                log.warning("old entries not archived", extra={"action": "archive_failed", "error": str(error)})
            await asyncio.sleep(pause)
