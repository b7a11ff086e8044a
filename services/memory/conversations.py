"""What memory can do with conversations: keep what is said, recall it, show it, erase it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chassis.clock import Clock
from chassis.database import Database
from services.memory import entry_rows
from services.memory.entries import Conversation, Entry, Hit, Recalled
from services.memory.entry_rows import Page
from services.memory.relevance import Ranked, rank
from services.memory.terms import asked_terms, same_question
from services.memory.write_behind import WriteBehind

LEXICAL = "lexical"
REPEATS = 16
"""So many of the nearest entries may be the question itself, asked before, until hits are missing."""


class Conversations:
    """The conversations of this system. Callers have taken secrets out of what is said: nothing here looks for them."""

    def __init__(self, database: Database, write_behind: WriteBehind, clock: Clock) -> None:
        self._database = database
        self._write_behind = write_behind
        self._clock = clock

    def remember(self, entries: Sequence[Entry]) -> int:
        """Takes what was said; it is written a moment later. Returns how many entries wait.

        Raises:
            Overloaded: when too much waits; none of these is taken.
        """
        now = self._clock.now()
        # A time to come would keep an entry from the archive for ever.
        self._write_behind.add([replace(entry, said_at=min(entry.said_at, now)) for entry in entries])
        return self._write_behind.waiting

    async def recall(self, conversation: Conversation, text: str, *, limit: int, last: int) -> Recalled:
        """What a conversation knows about something, what waits to be written included.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        await self._write_behind.flush_conversation(conversation)
        asked = asked_terms(text)
        async with self._database.connection() as connection:
            extent = await entry_rows.read_extent(connection, conversation)
            candidates = await entry_rows.read_candidates(connection, conversation, asked) if asked else []
            nearest = rank(asked, candidates, extent.entries, extent.mean_terms)[: limit + REPEATS]
            found = await entry_rows.read_places(connection, conversation, [one.place for one in nearest])
            recent = await entry_rows.read_last(connection, conversation, last) if last else []
        hits = hits_among(nearest, found, text)[:limit]
        return Recalled(tuple(hits), tuple(recent), False, extent.characters)

    async def entries(self, conversation: Conversation, *, archived: bool, limit: int, before: int | None) -> Page:
        """A conversation, newest first, what waits to be written included.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        await self._write_behind.flush_conversation(conversation)
        async with self._database.connection() as connection:
            return await entry_rows.list_entries(
                connection, conversation, archived=archived, limit=limit, before=before
            )

    async def flush(self) -> int:
        """Writes all that waits; returns how many entries that were.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        return await self._write_behind.flush()

    async def forget(self, conversation: Conversation) -> int:
        """Erases a conversation wherever it is: waiting, written, archived, embedded. Returns how many entries went.

        Raises:
            StoreUnavailable: when Postgres is away; what waited is gone all the same.
        """
        async with self._write_behind.dropping(conversation) as waited, self._database.transaction() as connection:
            return waited + await entry_rows.erase_conversation(connection, conversation)


def hits_among(nearest: Sequence[Ranked], found: dict[int, Entry], text: str) -> list[Hit]:
    """The entries found, nearest first, without those that only ask what is asked now."""
    named = ((ranked, found[ranked.place]) for ranked in nearest if ranked.place in found)
    return [Hit(entry, ranked.score, LEXICAL) for ranked, entry in named if not same_question(entry.text, text)]
