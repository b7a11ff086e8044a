"""Hands what is recorded to those who watch, at their own pace."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from services.telemetry.model import Decision, Wanted

CAPACITY = 1000
"""Decisions that wait for a watcher at most: five batches of the consumer, so that only one who stalls loses any."""


class Watch:
    """What waits for one watcher; one that does not keep up loses the oldest, and nobody waits for it."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._waiting: deque[Decision] = deque(maxlen=CAPACITY)
        self._arrived = asyncio.Event()

    def offer(self, decision: Decision) -> None:
        """Takes a decision if it is one of those wanted."""
        wanted = self._wanted
        if decision.workspace_id == wanted.workspace_id and wanted.project_id in ("", decision.project_id):
            self._waiting.append(decision)
            self._arrived.set()

    async def next(self) -> Decision:
        """The oldest decision that waits, or the next one to come."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()


class Watches:
    """All who watch in this process."""

    def __init__(self) -> None:
        self._open: set[Watch] = set()

    def announce(self, decisions: Iterable[Decision]) -> None:
        """Offers decisions to everyone; returns at once."""
        for decision in decisions:
            for watch in self._open:
                watch.offer(decision)

    @contextmanager
    def watching(self, wanted: Wanted) -> Generator[Watch]:
        """A watch for the time of the block, by workspace and project."""
        watch = Watch(wanted)
        self._open.add(watch)
        try:
            yield watch
        finally:
            self._open.discard(watch)
