"""What memory can do with conversations: keep what is said, recall it, show it, erase it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chassis.clock import Clock
from chassis.database import Database
from services.memory import entry_rows
from services.memory.entries import Conversation, Entry, Hit, Recalled
from services.memory.entry_rows import Page
from services.memory.forgotten import Forgotten
from services.memory.fusion import fused
from services.memory.meaning import Meaning
from services.memory.relevance import Ranked, rank, telling
from services.memory.terms import asked_terms, same_question
from services.memory.write_behind import WriteBehind

CANDIDATES = 100
"""Entries of each ranking that are fused; below that rank one adds next to nothing."""
REPEATS = 16
"""So many of the nearest entries may be the question itself, asked before, until hits are missing."""


class Conversations:
    """The conversations of this system. Callers have taken secrets out of what is said: nothing here looks for them."""

    def __init__(
        self, database: Database, write_behind: WriteBehind, clock: Clock, meaning: Meaning | None = None
    ) -> None:
        self._database = database
        self._write_behind = write_behind
        self._clock = clock
        self._meaning = meaning
        self._forgotten = Forgotten()

    def remember(self, entries: Sequence[Entry]) -> int:
        """Takes what was said; it is written a moment later. Returns how many entries wait.

        What belongs to a conversation as it was before it was forgotten is dropped: a reply that was under way then.

        Raises:
            Overloaded: when too much waits; none of these is taken.
        """
        now = self._clock.now()
        # A time to come would keep an entry from the archive for ever.
        kept = [entry for entry in entries if not self._forgotten.holds(entry)]
        self._write_behind.add([replace(entry, said_at=min(entry.said_at, now)) for entry in kept])
        return self._write_behind.waiting

    async def recall(self, conversation: Conversation, text: str, *, limit: int, last: int) -> Recalled:
        """What a conversation knows about something, what waits to be written included.

        By terms, and by meaning where embeddings are there: those of what was said just now are made behind the reply.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        await self._write_behind.flush_conversation(conversation)
        asked = asked_terms(text)
        vector = await self._meaning.vector_of(text) if self._meaning and text.strip() else None
        async with self._database.connection() as connection:
            extent = await entry_rows.read_extent(connection, conversation)
            candidates = await entry_rows.read_candidates(connection, conversation, asked) if asked else []
            rankings = {"lexical": rank(asked, candidates, extent.entries, extent.mean_terms)[:CANDIDATES]}
            if self._meaning and vector is not None:
                rankings["semantic"] = await self._meaning.nearest(connection, conversation, vector, CANDIDATES)
            nearest = merged(rankings)[: limit + REPEATS]
            found = await entry_rows.read_places(connection, conversation, [one.place for one in nearest])
            recent = await entry_rows.read_last(connection, conversation, last) if last else []
        hits = hits_among(nearest, found, rankings, text)[:limit]
        return Recalled(tuple(hits), tuple(recent), "semantic" in rankings, extent.characters)

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
        async with self._write_behind.dropping(conversation) as waited:
            # At once, so that what comes while it is erased does not wait to be written after it.
            self._forgotten.add(conversation, self._clock.now())
            async with self._database.transaction() as connection:
                return waited + await entry_rows.erase_conversation(connection, conversation)


def merged(rankings: Mapping[str, Sequence[Ranked]]) -> Sequence[Ranked]:
    """One ranking of all, with its own scores where there is but one."""
    first, *others = rankings.values()
    return fused([telling(first), *others]) if others else first


def hits_among(
    nearest: Sequence[Ranked], found: Mapping[int, Entry], rankings: Mapping[str, Sequence[Ranked]], text: str
) -> list[Hit]:
    """The entries found, nearest first, without those that only ask what is asked now."""
    ways = {name: {ranked.place for ranked in ranking} for name, ranking in rankings.items()}
    hits: list[Hit] = []
    for ranked in nearest:
        entry = found.get(ranked.place)
        if entry is not None and not same_question(entry.text, text):
            ways_to_it = [name for name, places in ways.items() if ranked.place in places]
            hits.append(Hit(entry, ranked.score, "both" if len(ways_to_it) > 1 else ways_to_it[0]))
    return hits
