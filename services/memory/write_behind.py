"""Keeps what was said until it is written, a moment later and all of it in one statement."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from prometheus_client import Counter, Gauge

from chassis.faults import Overloaded, ServiceUnavailable
from services.memory.entries import Conversation, Entry

log = logging.getLogger(__name__)

WRITTEN = Counter("spark_memory_entries_written", "Entries of conversations written, each once")
REFUSED = Counter("spark_memory_entries_refused", "Entries refused because too many waited to be written")
LOST = Counter("spark_memory_entries_lost", "Entries that a stop could not write any more")
WAITING = Gauge("spark_memory_entries_waiting", "Entries that wait to be written")

MOST_ENTRIES = 20_000
MOST_BYTES = 64 << 20
"""What may wait: 20 s of 1,000 entries a second while Postgres restarts, and a bounded piece of the process' memory."""
AT_ONCE = 2_000
"""Entries of a statement."""
STOP_SECONDS = 2.0
"""Patience of a stop with a Postgres that hangs, as that of the connections."""

Write = Callable[[Sequence[Entry]], Awaitable[int]]
Key = tuple[str, str]


class WriteBehind:
    """Entries that wait, in the order in which they were said. `write` keeps them and returns how many were new.

    An entry is written `within_s` after it came: a write begins in the middle of that time, and has the other half.
    """

    def __init__(
        self, write: Write, within_s: float, *, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES
    ) -> None:
        self._write = write
        self._gather_s = within_s / 2
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._waiting: dict[Key, Entry] = {}
        self._bytes = 0
        self._something = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def waiting(self) -> int:
        """How many entries wait."""
        return len(self._waiting)

    def add(self, entries: Sequence[Entry]) -> None:
        """Takes entries, all or none of them; one that waits already is the same.

        Raises:
            Overloaded: when there is no room for them.
            ServiceUnavailable: after `stop`.
        """
        if self._stopped:
            raise ServiceUnavailable("memory is stopping", service="memory")
        new: dict[Key, Entry] = {}
        for entry in entries:
            if entry.key not in self._waiting:
                new.setdefault(entry.key, entry)
        size = sum(map(size_of, new.values()))
        if len(self._waiting) + len(new) > self._most_entries or self._bytes + size > self._most_bytes:
            REFUSED.inc(len(new))
            raise Overloaded(f"{len(self._waiting)} entries wait to be written; try again once Postgres takes them")
        self._waiting.update(new)
        self._bytes += size
        WAITING.set(len(self._waiting))
        if self._waiting:
            self._something.set()

    async def flush(self) -> int:
        """Writes all that waits by now; returns how many were new.

        Raises:
            StoreUnavailable: when Postgres is away; what is not written waits on.
        """
        return await self._write_all(list(self._waiting))

    async def flush_conversation(self, conversation: Conversation) -> None:
        """Writes what waits of one conversation, so that whoever reads it sees all of it.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        if own := self._of(conversation):
            await self._write_all(own)

    @asynccontextmanager
    async def dropping(self, conversation: Conversation) -> AsyncGenerator[int]:
        """Drops what waits of a conversation, and writes nothing while the block erases what is written of it.

        Gives how many entries waited.
        """
        async with self._one_at_a_time:
            own = self._of(conversation)
            self._remove(own)
            yield len(own)

    async def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.create_task(self._keep_writing(), name="memory write-behind")

    async def stop(self) -> None:
        """Takes nothing more and writes all that waits; what Postgres does not take within 2 s is lost and counted."""
        self._stopped = True
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.flush()
        except Exception as error:
            # Whatever it is, nobody is left who could write them.
            LOST.inc(len(self._waiting))
            lost = {"action": "entries_lost", "count": len(self._waiting), "error": str(error)}
            log.error("entries are lost", extra=lost)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _of(self, conversation: Conversation) -> list[Key]:
        return [key for key, entry in self._waiting.items() if entry.conversation == conversation]

    async def _write_all(self, keys: Sequence[Key]) -> int:
        written = 0
        for start in range(0, len(keys), AT_ONCE):
            async with self._one_at_a_time:
                # Another may have written or dropped some of them while this one waited for its turn.
                batch = [self._waiting[key] for key in keys[start : start + AT_ONCE] if key in self._waiting]
                if batch:
                    new = await self._write(batch)
                    self._remove([entry.key for entry in batch])
                    WRITTEN.inc(new)
                    written += new
        return written

    def _remove(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self._bytes -= size_of(self._waiting.pop(key))
        WAITING.set(len(self._waiting))
        if not self._waiting:
            self._something.clear()

    async def _keep_writing(self) -> None:
        away = False
        while True:
            await self._something.wait()
            await asyncio.sleep(self._gather_s)
            try:
                await self.flush()
                away = False
            except Exception as error:
                # Whatever it is, what waits must be tried again. Said once: a Postgres that is away stays so for long.
                if not away:
                    log.warning("entries wait to be written", extra={"action": "entries_wait", "error": str(error)})
                away = True


def size_of(entry: Entry) -> int:
    """Bytes that an entry's text takes, at most 4 a character."""
    return len(entry.text.encode())
