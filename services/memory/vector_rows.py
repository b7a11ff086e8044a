"""Where the vectors of entries are kept: of the entries that are recalled, one each, and of which model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.memory.entries import Conversation


@dataclass(frozen=True, slots=True)
class Unembedded:
    """An entry of any conversation that has no vector of the model yet."""

    place: int
    workspace_id: str
    entry_id: str
    text: str


async def read_unembedded(connection: asyncpg.Connection, model: str, after: int, limit: int) -> list[Unembedded]:
    """Entries behind a place that have no vector of this model, in their order."""
    rows = await connection.fetch(
        """select place, workspace_id, entry_id, text from memory.entry
           where place > $2 and archived_at is null and (
               -- A join would be planned to read all vectors each time.
               select model from memory.entry_vector as known where known.workspace_id = entry.workspace_id
                   and known.entry_id = entry.entry_id) is distinct from $1
           order by place limit $3""",
        model,
        after,
        limit,
    )
    return [Unembedded(row[0], row[1], row[2], row[3]) for row in rows]


async def write_vectors(
    connection: asyncpg.Connection, model: str, entries: Sequence[Unembedded], vectors: Sequence[bytes]
) -> None:
    """Keeps the vectors of those entries that are there still and recalled, in place of another model's."""
    await connection.execute(
        """insert into memory.entry_vector (workspace_id, entry_id, model, vector)
           select made.workspace_id, made.entry_id, $1, made.vector
           from unnest($2::text[], $3::text[], $4::bytea[]) as made (workspace_id, entry_id, vector)
           cross join lateral (
               select from memory.entry where entry.workspace_id = made.workspace_id
                   and entry.entry_id = made.entry_id and archived_at is null
               -- One that is being erased is waited for, and gone.
               limit 1 for key share) as kept
           on conflict (workspace_id, entry_id) do update set model = excluded.model, vector = excluded.vector""",
        model,
        [entry.workspace_id for entry in entries],
        [entry.entry_id for entry in entries],
        vectors,
    )


async def read_vectors(
    connection: asyncpg.Connection, conversation: Conversation, model: str
) -> tuple[list[int], list[bytes]]:
    """The places of a conversation's entries that have a vector of this model, and the vectors."""
    rows = await connection.fetch(
        """select entry.place, known.vector from memory.entry
           join memory.entry_vector as known using (workspace_id, entry_id)
           where entry.workspace_id = $1 and entry.session_id = $2 and entry.archived_at is null
               and known.model = $3""",
        conversation.workspace_id,
        conversation.session_id,
        model,
    )
    return [row[0] for row in rows], [row[1] for row in rows]
