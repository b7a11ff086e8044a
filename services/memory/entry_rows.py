"""Where conversations are kept. What is asked of one is asked by workspace and session, in every statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from chassis.database import count_in
from services.memory.entries import Conversation, Entry, Speaker
from services.memory.relevance import Candidate
from services.memory.terms import VERSION, terms_of

COLUMNS = "workspace_id, session_id, entry_id, speaker, text, said_at, place"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is recalled from: entries, their terms, their characters."""

    entries: int
    terms: int
    characters: int

    @property
    def mean_terms(self) -> float:
        """Terms of an entry on average; 0 of none."""
        return self.terms / self.entries if self.entries else 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """Entries newest first, the place of the last of them, and how many match in all."""

    entries: list[Entry]
    last_place: int
    total: int


async def write_entries(connection: asyncpg.Connection, entries: Sequence[Entry]) -> int:
    """Keeps entries in the order given, each once, in one statement; returns how many were new."""
    status = await connection.execute(
        """insert into memory.entry (workspace_id, session_id, entry_id, speaker, text, said_at, characters, terms,
               terms_version)
           select workspace_id, session_id, entry_id, speaker, text, said_at, char_length(text),
               string_to_array(terms, ' '), $8
           from unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::timestamptz[], $7::text[])
               with ordinality as said (workspace_id, session_id, entry_id, speaker, text, said_at, terms, number)
           order by number
           on conflict (workspace_id, entry_id) do nothing""",
        [entry.conversation.workspace_id for entry in entries],
        [entry.conversation.session_id for entry in entries],
        [entry.entry_id for entry in entries],
        [entry.speaker.value for entry in entries],
        [entry.text for entry in entries],
        [entry.said_at for entry in entries],
        [" ".join(terms_of(entry.text)) for entry in entries],
        VERSION,
    )
    return count_in(status)


async def read_extent(connection: asyncpg.Connection, conversation: Conversation) -> Extent:
    """How much of a conversation is recalled from."""
    row = await connection.fetchrow(
        """select count(*), coalesce(sum(cardinality(terms)), 0), coalesce(sum(characters), 0) from memory.entry
           where workspace_id = $1 and session_id = $2 and archived_at is null""",
        conversation.workspace_id,
        conversation.session_id,
    )
    assert row is not None
    return Extent(row[0], row[1], row[2])


async def read_candidates(
    connection: asyncpg.Connection, conversation: Conversation, asked: Sequence[str]
) -> list[Candidate]:
    """All entries of a conversation that have any of the terms."""
    rows = await connection.fetch(
        """select place, cardinality(terms), array(select term from unnest(terms) as term where term = any($3::text[])),
               case when terms_version <> $4 then text end
           from memory.entry where workspace_id = $1 and session_id = $2 and archived_at is null
               and (terms && $3::text[] or terms_version <> $4)""",
        conversation.workspace_id,
        conversation.session_id,
        asked,
        VERSION,
    )
    wanted = set(asked)
    found: list[Candidate] = []
    for place, length, having, text in rows:
        terms = having if text is None else terms_of(text)
        counts = Counter(term for term in terms if term in wanted)
        if counts:
            found.append(Candidate(place, counts, length if text is None else len(terms)))
    return found


async def read_places(
    connection: asyncpg.Connection, conversation: Conversation, places: Sequence[int]
) -> dict[int, Entry]:
    """The entries of a conversation at these places."""
    rows = await connection.fetch(
        # One by one, each by its key: a join, or `place = any($3)`, is planned to read the whole conversation.
        f"""select entry.* from unnest($3::bigint[]) as wanted (place) cross join lateral (
                select {COLUMNS} from memory.entry where workspace_id = $1 and session_id = $2
                    and entry.place = wanted.place and archived_at is null limit 1) as entry""",  # noqa: S608
        conversation.workspace_id,
        conversation.session_id,
        places,
    )
    return {row["place"]: entry_from(row) for row in rows}


async def read_last(connection: asyncpg.Connection, conversation: Conversation, count: int) -> list[Entry]:
    """The last entries of a conversation, oldest first."""
    rows = await connection.fetch(
        f"""select {COLUMNS} from memory.entry where workspace_id = $1 and session_id = $2 and archived_at is null
            order by place desc limit $3""",  # noqa: S608
        conversation.workspace_id,
        conversation.session_id,
        count,
    )
    return [entry_from(row) for row in reversed(rows)]


async def list_entries(
    connection: asyncpg.Connection, conversation: Conversation, *, archived: bool, limit: int, before: int | None
) -> Page:
    """A conversation, newest first from a place on."""
    kept = "" if archived else " and archived_at is null"
    matching = f"from memory.entry where workspace_id = $1 and session_id = $2{kept}"
    named = (conversation.workspace_id, conversation.session_id)
    total: int = await connection.fetchval(f"select count(*) {matching}", *named)
    further = "" if before is None else " and place < $4"
    rows = await connection.fetch(
        f"select {COLUMNS} {matching}{further} order by place desc limit $3",
        *(*named, limit, *(() if before is None else (before,))),
    )
    return Page([entry_from(row) for row in rows], rows[-1]["place"] if rows else 0, total)


async def archive_entries(connection: asyncpg.Connection, before: datetime, now: datetime, limit: int) -> int:
    """Archives entries of all conversations said before a time, so many at most, and drops their vectors; returns how
    many."""
    return await connection.fetchval(
        """with old as (
               update memory.entry set archived_at = $2 where ctid = any (array(
                   select ctid from memory.entry
                   where archived_at is null and said_at < $1 order by said_at limit $3 for update skip locked))
               returning workspace_id, entry_id),
           dropped as (
               delete from memory.entry_vector using old
               where entry_vector.workspace_id = old.workspace_id and entry_vector.entry_id = old.entry_id)
           select count(*) from old""",
        before,
        now,
        limit,
    )


async def erase_conversation(connection: asyncpg.Connection, conversation: Conversation) -> int:
    """Erases a conversation, what is archived of it and its vectors with it; returns how many entries went."""
    status = await connection.execute(
        "delete from memory.entry where workspace_id = $1 and session_id = $2",
        conversation.workspace_id,
        conversation.session_id,
    )
    return count_in(status)


def entry_from(row: asyncpg.Record) -> Entry:
    """An entry from its row."""
    conversation = Conversation(row["workspace_id"], row["session_id"])
    return Entry(conversation, row["entry_id"], Speaker(row["speaker"]), row["text"], row["said_at"])
