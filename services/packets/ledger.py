"""Advice that was given and the last calls of sessions, on Postgres. Every batch costs a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from services.packets import advice_queries as queries
from services.packets.announcing import announce
from services.packets.outcomes import OPEN, Call
from services.packets.records import dump_calls, dump_following, load_calls, load_following
from services.packets.standing import Came, Standing, dump_standing, load_standing
from services.packets.wire import Given, Place

MADE_AHEAD_FRESH = timedelta(days=90)
"""As long as a lesson; what came of it is of no use afterwards."""

Agent = tuple[str, str, str]
"""Workspace, session and agent."""
Project = tuple[str, str]
"""Workspace and project."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece of advice as it stands, with the time of the last call that was looked at."""

    given: Given
    touched_at: datetime


async def hold(connection: asyncpg.Connection, places: Mapping[Place, datetime]) -> dict[Agent, list[Call]]:
    """Takes agent sessions until the transaction ends; returns their last calls. The times are those of now there."""
    latest: dict[Agent, tuple[str, datetime]] = {}
    for place, at in places.items():
        agent = agent_of(place)
        latest[agent] = (place.project_id, max(at, latest[agent][1]) if agent in latest else at)
    rows = await connection.fetch(
        queries.HOLD,
        [workspace for workspace, _, _ in latest],
        [session for _, session, _ in latest],
        [agent for _, _, agent in latest],
        [project for project, _ in latest.values()],
        [at for _, at in latest.values()],
    )
    return {(row["workspace_id"], row["session_id"], row["agent_id"]): load_calls(row["calls"]) for row in rows}


async def ensure_packets(connection: asyncpg.Connection, given: Sequence[Given]) -> None:
    """Makes packets of advice that prefetch made, so that what came of it is kept; they are found under no key."""
    if given:
        newest = {(each.place.workspace_id, each.packet_id): each for each in given}
        await connection.execute(
            queries.ENSURE_PACKETS,
            [workspace for workspace, _ in newest],
            [packet_id for _, packet_id in newest],
            [each.place.project_id for each in newest.values()],
            [each.following.given_at + MADE_AHEAD_FRESH for each in newest.values()],
        )


async def write_calls(connection: asyncpg.Connection, calls: Mapping[Agent, Sequence[Call]]) -> None:
    """Keeps the last calls of agent sessions that are held."""
    await connection.execute(
        queries.WRITE_CALLS,
        [workspace for workspace, _, _ in calls],
        [session for _, session, _ in calls],
        [agent for _, _, agent in calls],
        [dump_calls(each) for each in calls.values()],
    )


async def add(connection: asyncpg.Connection, entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """Notes advice, and announces what was not there before; returns that."""
    rows = await connection.fetch(
        queries.ADD,
        [each.given.place.workspace_id for each in entries],
        [each.given.advice_id for each in entries],
        [each.given.packet_id for each in entries],
        [each.given.place.project_id for each in entries],
        [each.given.place.session_id for each in entries],
        [each.given.place.agent_id for each in entries],
        [each.given.tool for each in entries],
        [each.given.text for each in entries],
        [each.given.following.given_at for each in entries],
        [dump_following(each.given.following) for each in entries],
        [each.given.following.state for each in entries],
        [each.given.following.blame for each in entries],
        [each.given.following.decided_by for each in entries],
        [each.touched_at for each in entries],
        [each.given.occasion for each in entries],
        [each.given.source for each in entries],
        [each.given.seen_at for each in entries],
        now,
    )
    await announce(connection, rows)
    new = {(row["workspace_id"], row["advice_id"]) for row in rows}
    return [each for each in entries if (each.given.place.workspace_id, each.given.advice_id) in new]


async def write(connection: asyncpg.Connection, entries: Sequence[Entry], now: datetime) -> None:
    """Keeps advice that was open as it stands, and announces what is decided."""
    rows = await connection.fetch(
        queries.WRITE,
        [each.given.place.workspace_id for each in entries],
        [each.given.advice_id for each in entries],
        [dump_following(each.given.following) for each in entries],
        [each.given.following.state for each in entries],
        [each.given.following.blame for each in entries],
        [each.given.following.decided_by for each in entries],
        [each.touched_at for each in entries],
        now,
    )
    await announce(connection, [row for row in rows if row["state"] != OPEN])


async def open_of_agents(connection: asyncpg.Connection, agents: Iterable[Agent]) -> list[Entry]:
    """Open advice of agent sessions."""
    asked = sorted(agents)
    rows = await connection.fetch(
        queries.OPEN_OF_AGENTS,
        [workspace for workspace, _, _ in asked],
        [session for _, session, _ in asked],
        [agent for _, _, agent in asked],
    )
    return [entry_from(row) for row in rows]


async def open_of_sessions(connection: asyncpg.Connection, ended: Mapping[tuple[str, str], datetime]) -> list[Entry]:
    """Open advice of sessions, given up to the time at which each ended."""
    asked = sorted(ended)
    rows = await connection.fetch(
        queries.OPEN_OF_SESSIONS,
        [workspace for workspace, _ in asked],
        [session for _, session in asked],
        [ended[each] for each in asked],
    )
    return [entry_from(row) for row in rows]


async def open_and_quiet(connection: asyncpg.Connection, since: datetime) -> list[Entry]:
    """Open advice for which nothing has come back since a time."""
    return [entry_from(row) for row in await connection.fetch(queries.OPEN_AND_QUIET, since)]


async def count(
    connection: asyncpg.Connection, calls: Mapping[Project, int], pieces: Mapping[Project, Sequence[Came]]
) -> None:
    """Counts calls that came back and pieces of which it is known by now what came.

    To be the last statement that locks: all projects of a batch are taken in their order, and nothing after them.
    """
    projects = sorted({*calls, *pieces})
    if not projects:
        return
    owners = [workspace for workspace, _ in projects], [project for _, project in projects]
    await connection.execute(queries.ENSURE_STANDINGS, *owners, dump_standing(Standing()))
    rows = await connection.fetch(queries.STANDINGS, *owners)
    for_each = {(row["workspace_id"], row["project_id"]): load_standing(row["body"]) for row in rows}
    for project, standing in for_each.items():
        standing.count(calls.get(project, 0), pieces.get(project, ()))
    await connection.execute(
        queries.WRITE_STANDINGS,
        [workspace for workspace, _ in for_each],
        [project for _, project in for_each],
        [dump_standing(standing) for standing in for_each.values()],
    )


async def mark_unwanted(connection: asyncpg.Connection, sessions: Iterable[tuple[str, str]]) -> None:
    """Brings what is not to be shown again in sessions in line with what became of advice there."""
    asked = sorted(set(sessions))
    if asked:
        await connection.execute(
            queries.UNWANTED, [workspace for workspace, _ in asked], [session for _, session in asked]
        )


async def invalidate_edited(connection: asyncpg.Connection, edits: Mapping[tuple[str, str, str], datetime]) -> None:
    """Takes packets out of use that tell of the content of files (workspace, project, path) as it was before edits."""
    rows = await connection.fetch(
        queries.INVALIDATE_EDITED,
        [workspace for workspace, _, _ in edits],
        [project for _, project, _ in edits],
        [file for _, _, file in edits],
        list(edits.values()),
    )
    if rows:
        await connection.execute(
            queries.DROP_KEYS_OF, [row["workspace_id"] for row in rows], [row["packet_id"] for row in rows]
        )


def agent_of(place: Place) -> Agent:
    """The agent session of a place."""
    return place.workspace_id, place.session_id, place.agent_id


def entry_from(row: asyncpg.Record) -> Entry:
    """A row as advice."""
    place = Place(row["workspace_id"], row["session_id"], row["agent_id"], row["project_id"])
    following = load_following(row["following"], row["given_at"], row["state"], row["blame"], row["decided_by"])
    given = Given(
        place=place,
        advice_id=row["advice_id"],
        packet_id=row["packet_id"],
        tool=row["tool"],
        text=row["text"],
        following=following,
        occasion=row["occasion"],
        source=row["source"],
    )
    return Entry(given, row["touched_at"])
