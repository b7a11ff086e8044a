"""Where lessons are kept. Every statement is about one workspace, and a batch costs a fixed number of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from chassis.conditions import asked
from chassis.database import count_in
from services.memory.learning import CallKey, LessonKey
from services.memory.model import Event, Lesson, Place, SessionState, Span, State
from services.memory.naming import keys_of
from services.memory.records import dump, load_lesson, load_state


async def lock_projects(connection: asyncpg.Connection, places: Iterable[Place]) -> None:
    """Holds the projects until the transaction ends: two learners of one project take turns.

    Rows that are not there yet cannot be locked, and two first sightings of one failure must become one lesson.
    """
    projects = {f"{place.workspace_id}/{place.project_id}" for place in places}
    await connection.fetch(
        "select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest($1::text[]) as name", sorted(projects)
    )


async def claim_new(connection: asyncpg.Connection, events: Sequence[Event]) -> set[str]:
    """Notes the events as learnt; returns the ids of those that were not before."""
    rows = await connection.fetch(
        """insert into memory.learnt (workspace_id, event_id, project_id, session_id, live_at)
           select * from unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::timestamptz[])
           on conflict do nothing returning event_id""",
        [event.place.workspace_id for event in events],
        [bytes.fromhex(event.event_id) for event in events],
        [event.place.project_id for event in events],
        [event.place.session_id for event in events],
        [event.at if event.live else None for event in events],
    )
    return {row["event_id"].hex() for row in rows}


async def find_learnt(connection: asyncpg.Connection, workspace_id: str, event_ids: Sequence[str]) -> list[str]:
    """Which of these events were learnt from."""
    rows = await connection.fetch(
        "select event_id from memory.learnt where workspace_id = $1 and event_id = any($2::bytea[])",
        workspace_id,
        [bytes.fromhex(event_id) for event_id in event_ids],
    )
    return [row["event_id"].hex() for row in rows]


async def find_seen_live(
    connection: asyncpg.Connection, workspace_id: str, spans: Sequence[Span], around: timedelta
) -> list[int]:
    """The places of the spans in or close to which something of their session was seen live."""
    rows = await connection.fetch(
        """with seen as materialized (
               select session_id, live_at from memory.learnt
               where workspace_id = $1 and session_id = any($2::text[]) and live_at is not null
           )
           select span.place from unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) with ordinality
               as span (session_id, began, ended, place)
           where exists (
               select 1 from seen where seen.session_id = span.session_id
                   and (seen.live_at between span.began and span.ended or seen.live_at = '-infinity')
           )""",
        workspace_id,
        [span.session_id for span in spans],
        [span.began - around for span in spans],
        [span.ended + around for span in spans],
    )
    return [row["place"] - 1 for row in rows]


async def read_states(connection: asyncpg.Connection, places: Collection[Place]) -> dict[Place, SessionState]:
    """The states of sessions."""
    rows = await connection.fetch(
        """select workspace_id, project_id, session_id, agent_id, state from memory.session_state
           where (workspace_id, project_id, session_id, agent_id)
              in (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]))""",
        *columns(places),
    )
    return {Place(row[0], row[1], row[2], row[3]): load_state(row[4]) for row in rows}


async def write_states(connection: asyncpg.Connection, states: Mapping[Place, SessionState], now: datetime) -> None:
    """Keeps the states of sessions."""
    await connection.execute(
        """insert into memory.session_state (workspace_id, project_id, session_id, agent_id, state, updated_at)
           select *, $6::timestamptz from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
           on conflict (workspace_id, project_id, session_id, agent_id)
           do update set state = excluded.state, updated_at = excluded.updated_at""",
        *columns(states),
        [dump(state) for state in states.values()],
        now,
    )


async def read_keys(connection: asyncpg.Connection, keys: Collection[CallKey]) -> dict[CallKey, set[LessonKey]]:
    """Which lessons are found under these keys of calls."""
    rows = await connection.fetch(
        """select workspace_id, project_id, key, lesson_id from memory.call_key
           where (workspace_id, project_id, key) in (select * from unnest($1::text[], $2::text[], $3::text[]))""",
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
    )
    found: dict[CallKey, set[LessonKey]] = {}
    for row in rows:
        found.setdefault((row[0], row[1], row[2]), set()).add((row[0], row[3]))
    return found


async def read_lessons(connection: asyncpg.Connection, keys: Collection[LessonKey]) -> dict[LessonKey, Lesson]:
    """The lessons named, held until the transaction ends."""
    rows = await connection.fetch(
        """select workspace_id, lesson_id, body from memory.lesson
           where (workspace_id, lesson_id) in (select * from unnest($1::text[], $2::text[]))
           order by workspace_id, lesson_id for update""",
        [key[0] for key in keys],
        [key[1] for key in keys],
    )
    return {(row[0], row[1]): load_lesson(row[2]) for row in rows}


async def write_lessons(connection: asyncpg.Connection, lessons: Collection[Lesson]) -> None:
    """Keeps lessons, and the keys of calls under which each is found."""
    await connection.execute(
        """insert into memory.lesson (workspace_id, lesson_id, project_id, state, last_seen, revision, body)
           select * from unnest(
               $1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[], $7::jsonb[])
           on conflict (workspace_id, lesson_id) do update set state = excluded.state,
               last_seen = excluded.last_seen, revision = excluded.revision, body = excluded.body""",
        [lesson.workspace_id for lesson in lessons],
        [lesson.lesson_id for lesson in lessons],
        [lesson.project_id for lesson in lessons],
        [lesson.state.value for lesson in lessons],
        [lesson.provenance.last_seen for lesson in lessons],
        [lesson.revision for lesson in lessons],
        [dump(lesson) for lesson in lessons],
    )
    filed = [(lesson, key) for lesson in lessons for key in keys_of(lesson)]
    await connection.execute(
        """insert into memory.call_key (workspace_id, project_id, key, lesson_id)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing""",
        [lesson.workspace_id for lesson, _ in filed],
        [lesson.project_id for lesson, _ in filed],
        [key for _, key in filed],
        [lesson.lesson_id for lesson, _ in filed],
    )


async def list_lessons(
    connection: asyncpg.Connection,
    workspace_id: str,
    project_id: str,
    states: Iterable[State],
    limit: int,
    before: tuple[datetime, str] | None,
) -> tuple[list[Lesson], int]:
    """Lessons newest first from a place on, and how many match in all."""
    of_project, values = asked([("project_id = {}", project_id)], workspace_id, [state.value for state in states])
    matching = f"from memory.lesson where workspace_id = $1 and state = any($2::text[]){of_project}"
    total: int = await connection.fetchval(f"select count(*) {matching}", *values)
    further = "" if before is None else f" and (last_seen, lesson_id) < (${len(values) + 1}, ${len(values) + 2})"
    values += before or ()
    page = f"select body {matching}{further} order by last_seen desc, lesson_id desc limit ${len(values) + 1}"
    rows = await connection.fetch(page, *values, limit)
    return [load_lesson(row[0]) for row in rows], total


async def lessons_of_session(connection: asyncpg.Connection, workspace_id: str, session_id: str) -> list[Lesson]:
    """The lessons in which a session's id stands anywhere."""
    rows = await connection.fetch(
        """select body from memory.lesson where workspace_id = $1
           and jsonb_path_exists(body, '$.** ? (@ == $session)', jsonb_build_object('session', $2::text)) for update""",
        workspace_id,
        session_id,
    )
    return [load_lesson(row[0]) for row in rows]


async def lessons_of_project(connection: asyncpg.Connection, workspace_id: str, project_id: str) -> list[Lesson]:
    """All lessons of a project."""
    rows = await connection.fetch(
        "select body from memory.lesson where workspace_id = $1 and project_id = $2 for update",
        workspace_id,
        project_id,
    )
    return [load_lesson(row[0]) for row in rows]


async def erase_lessons(connection: asyncpg.Connection, workspace_id: str, lesson_ids: Sequence[str]) -> None:
    """Erases lessons and what is kept beside them."""
    for table in ("call_key", "lesson"):
        statement = f"delete from memory.{table} where workspace_id = $1 and lesson_id = any($2::text[])"  # noqa: S608
        await connection.execute(statement, workspace_id, lesson_ids)


async def erase_keys(connection: asyncpg.Connection, workspace_id: str, lesson_ids: Sequence[str]) -> None:
    """Erases under which calls lessons are found; writing them again files them as they are then."""
    await connection.execute(
        "delete from memory.call_key where workspace_id = $1 and lesson_id = any($2::text[])", workspace_id, lesson_ids
    )


async def erase_traces(connection: asyncpg.Connection, workspace_id: str, column: str, value: str) -> int:
    """Erases what is kept of a session or a project beside lessons; returns how many rows went."""
    erased = 0
    for table in ("learnt", "session_state"):
        statement = f"delete from memory.{table} where workspace_id = $1 and {column} = $2"  # noqa: S608
        status = await connection.execute(statement, workspace_id, value)
        erased += count_in(status)
    return erased


async def sweep_states(connection: asyncpg.Connection, before: datetime) -> None:
    """Drops the states of sessions that have been quiet since."""
    await connection.execute("delete from memory.session_state where updated_at < $1", before)


def columns(places: Iterable[Place]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Places as four columns."""
    listed = list(places)
    return (
        [place.workspace_id for place in listed],
        [place.project_id for place in listed],
        [place.session_id for place in listed],
        [place.agent_id for place in listed],
    )
