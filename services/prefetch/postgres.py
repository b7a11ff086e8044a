"""Where what is learnt is kept. Every statement is about one workspace; a batch costs a fixed number of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from chassis.database import count_in
from services.prefetch.examples import Example
from services.prefetch.failure_forecast import GroupHistory
from services.prefetch.learning import Foretold, Knowledge
from services.prefetch.model import Place, Track
from services.prefetch.records import (
    as_json,
    dump_example,
    dump_history,
    dump_project,
    dump_tally,
    dump_track,
    key_of,
    load_example,
    load_history,
    load_project,
    load_tally,
    load_track,
)

ALL_PROJECTS = ""

Owner = tuple[str, str]
"""Workspace and project."""


async def lock(connection: asyncpg.Connection, owners: Iterable[Owner]) -> None:
    """Holds projects until the transaction ends: two learners of one project take turns."""
    names = sorted({f"prefetch {workspace}/{project}" for workspace, project in owners})
    await connection.fetch(
        "select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest($1::text[]) as name", names
    )


async def read_tracks(connection: asyncpg.Connection, places: Collection[Place]) -> dict[Place, Track]:
    """What is remembered of sessions."""
    rows = await connection.fetch(
        """select workspace_id, project_id, session_id, agent_id, body from prefetch.session
           where (workspace_id, project_id, session_id, agent_id)
              in (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]))""",
        *columns(places),
    )
    return {Place(row[0], row[1], row[2], row[3]): load_track(row[4]) for row in rows}


async def write_tracks(connection: asyncpg.Connection, tracks: Mapping[Place, Track], now: datetime) -> None:
    """Keeps what is remembered of sessions."""
    await connection.execute(
        """insert into prefetch.session (workspace_id, project_id, session_id, agent_id, body, updated_at)
           select *, $6::timestamptz from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
           on conflict (workspace_id, project_id, session_id, agent_id)
           do update set body = excluded.body, updated_at = excluded.updated_at""",
        *columns(tracks),
        [dump_track(track) for track in tracks.values()],
        now,
    )


async def read_tallies(
    connection: asyncpg.Connection, owner: Owner, contexts: Collection[str], into: Knowledge
) -> None:
    """Fills in the tallies of these contexts that are not known yet.

    Who learns and who prepares share what is in mind: a tally that was learnt while this one was read is the newer.
    """
    tallies = into.tallies
    keys = {key_of(context): context for context in contexts if context not in tallies}
    if not keys:
        return
    rows = await connection.fetch(
        "select key, body from prefetch.tally where workspace_id = $1 and project_id = $2 and key = any($3::bytea[])",
        *owner,
        list(keys),
    )
    for key, body in rows:
        tallies.setdefault(keys[key], load_tally(body))


async def read_version(connection: asyncpg.Connection, owner: Owner) -> int:
    """Which transaction wrote last what is known of a project; 0 where nothing is."""
    version = await connection.fetchval(
        "select version from prefetch.project where workspace_id = $1 and project_id = $2", *owner
    )
    return version or 0


async def read_project(connection: asyncpg.Connection, owner: Owner) -> Knowledge:
    """What is known of a project beside its tallies."""
    project = Knowledge()
    row = await connection.fetchrow(
        "select version, body from prefetch.project where workspace_id = $1 and project_id = $2", *owner
    )
    if row is not None:
        load_project(row["body"], project)
        project.version = row["version"]
    rows = await connection.fetch(
        "select group_name, body from prefetch.group_history where workspace_id = $1 and project_id = $2", *owner
    )
    project.groups = {name: load_history(stored) for name, stored in rows}
    return project


async def write_project(connection: asyncpg.Connection, owner: Owner, project: Knowledge, now: datetime) -> None:
    """Keeps what changed of a project."""
    await write_tallies(connection, owner, project, now)
    # A number of its own for each transaction: counted up, it would come again after a project was forgotten.
    project.version = await connection.fetchval(
        """insert into prefetch.project (workspace_id, project_id, version, body)
           values ($1, $2, pg_current_xact_id()::text::bigint, $3)
           on conflict (workspace_id, project_id) do update set version = excluded.version, body = excluded.body
           returning version""",
        *owner,
        dump_project(project),
    )
    if project.dropped_groups:
        await connection.execute(
            """delete from prefetch.group_history
               where workspace_id = $1 and project_id = $2 and group_name = any($3::text[])""",
            *owner,
            list(project.dropped_groups),
        )
    changed: dict[str, GroupHistory] = {name: project.groups[name] for name in project.changed_groups}
    if changed:
        await connection.execute(
            """insert into prefetch.group_history (workspace_id, project_id, group_name, body)
               select $1, $2, * from unnest($3::text[], $4::bytea[])
               on conflict (workspace_id, project_id, group_name) do update set body = excluded.body""",
            *owner,
            list(changed),
            [dump_history(history) for history in changed.values()],
        )


async def write_tallies(connection: asyncpg.Connection, owner: Owner, known: Knowledge, now: datetime) -> None:
    """Keeps the tallies that changed, in one order, so that two writers never wait for each other.

    The day alone is kept of the time: as long as it is the same no index changes.
    """
    rows = sorted((key_of(context), dump_tally(known.tallies[context])) for context in known.changed)
    await connection.execute(
        """insert into prefetch.tally (workspace_id, project_id, key, body, seen_on)
           select $1, $2, *, $5::date from unnest($3::bytea[], $4::bytea[])
           on conflict (workspace_id, project_id, key)
           do update set body = excluded.body, seen_on = excluded.seen_on""",
        *owner,
        [key for key, _ in rows],
        [body for _, body in rows],
        now.date(),
    )


async def add_examples(
    connection: asyncpg.Connection, owner: Owner, examples: Sequence[Example], keep: int, now: datetime
) -> None:
    """Keeps examples, the newest so many of each group and target."""
    if not examples:
        return
    await connection.execute(
        """insert into prefetch.example (workspace_id, project_id, group_name, target, session_id, body, seen_on)
           select $1, $2, *, $7::date from unnest($3::text[], $4::text[], $5::text[], $6::bytea[])""",
        *owner,
        [example.group for example in examples],
        [example.target for example in examples],
        [example.session_id for example in examples],
        [dump_example(example) for example in examples],
        now.date(),
    )
    for group, target in {(example.group, example.target) for example in examples}:
        await connection.execute(
            """delete from prefetch.example
               where workspace_id = $1 and project_id = $2 and group_name = $3 and target = $4 and id <= (
                   select id from prefetch.example
                   where workspace_id = $1 and project_id = $2 and group_name = $3 and target = $4
                   order by id desc offset $5 limit 1)""",
            *owner,
            group,
            target,
            keep,
        )


async def read_examples(
    connection: asyncpg.Connection, owner: Owner, group: str, target: str, limit: int
) -> list[Example]:
    """The newest examples of a group and target, oldest first."""
    rows = await connection.fetch(
        """select body from prefetch.example
           where workspace_id = $1 and project_id = $2 and group_name = $3 and target = $4
           order by id desc limit $5""",
        *owner,
        group,
        target,
        limit,
    )
    return [load_example(row[0]) for row in reversed(rows)]


async def add_foretold(
    connection: asyncpg.Connection, foretold: Sequence[tuple[Place, datetime, Foretold]], now: datetime
) -> None:
    """Keeps what was expected of calls; of a call that comes twice the first word stands."""
    if not foretold:
        return
    await connection.executemany(
        """insert into prefetch.foretold (workspace_id, project_id, session_id, agent_id, tool_use_id, failure,
               expected, group_name, failed, prepared, at, kept_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing""",
        [
            (
                place.workspace_id,
                place.project_id,
                place.session_id,
                place.agent_id,
                item.tool_use_id,
                item.failure,
                list(item.next_calls),
                item.group,
                item.failed,
                item.expected,
                at,
                now,
            )
            for place, at, item in foretold
        ],
    )


async def told_from(connection: asyncpg.Connection, workspace_id: str, session_id: str) -> list[Owner]:
    """The projects in which words of a session are told."""
    rows = await connection.fetch(
        """select distinct project_id from prefetch.group_history
           where workspace_id = $1 and position($2::bytea in body) > 0""",
        workspace_id,
        as_json(session_id),
    )
    return [(workspace_id, row[0]) for row in rows]


async def sweep(connection: asyncpg.Connection, sessions_before: datetime, contexts_before: datetime) -> None:
    """Drops what is too old: sessions that went quiet, what was foretold then, contexts that never came again, and
    calls that worked so long ago.

    Old is what was written long ago: a replay of the past takes minutes, whatever time it tells of.
    """
    await connection.execute("delete from prefetch.session where updated_at < $1", sessions_before)
    await connection.execute("delete from prefetch.foretold where kept_at < $1", sessions_before)
    for table in ("tally", "example"):
        await connection.execute(f"delete from prefetch.{table} where seen_on < $1", contexts_before.date())  # noqa: S608


async def erase(
    connection: asyncpg.Connection, workspace_id: str, column: str, value: str, tables: Sequence[str]
) -> int:
    """Erases the rows of a session or a project; returns how many went."""
    erased = 0
    for table in tables:
        statement = f"delete from prefetch.{table} where workspace_id = $1 and {column} = $2"  # noqa: S608
        status = await connection.execute(statement, workspace_id, value)
        erased += count_in(status)
    return erased


def columns(places: Iterable[Place]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Places as four columns."""
    listed = list(places)
    return (
        [place.workspace_id for place in listed],
        [place.project_id for place in listed],
        [place.session_id for place in listed],
        [place.agent_id for place in listed],
    )


async def read_foretold(connection: asyncpg.Connection, workspace_id: str, session_id: str) -> list[asyncpg.Record]:
    """What was expected of a session's calls, in the order in which they came back."""
    return await connection.fetch(
        """select agent_id, tool_use_id, failure, expected, group_name, failed, prepared from prefetch.foretold
           where workspace_id = $1 and session_id = $2 order by at, tool_use_id""",
        workspace_id,
        session_id,
    )
