"""Windows of time out of Postgres: whole hours from what is counted by the hour, the edges from what is raw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from chassis.clock import Clock
from chassis.conditions import asked
from chassis.database import Database
from services.telemetry.figures import (
    Cell,
    Decided,
    Generations,
    Judged,
    Latency,
    Percentiles,
    Summary,
    decided_in,
    judged_in,
)
from services.telemetry.hours import hour_of
from services.telemetry.model import Wanted

HOUR = timedelta(hours=1)
KEPT_RAW = timedelta(days=14)
"""As long as moments are kept, and twice as long as their stream."""
AS_GOOD_AS_NOW = timedelta(seconds=5)
"""A window that ends so lately ends now: then its last hour need not be counted again out of what is raw."""
EXACT_AT_MOST = 50_000
"""Decisions of which percentiles are taken from each one: more would be sorted for longer than a page may take."""

CELL = "kind, route, silence, said, {found} as found, bucket, {count} as count"
LATENCIES = """
    select coalesce(kind, 0) as kind, coalesce(route, 0) as route, count(*) as count,
        percentile_disc(array[0.5, 0.9, 0.95, 0.99]) within group (order by hook_latency_us) as latency
    from telemetry.decision where {} group by grouping sets ((), (kind), (route), (kind, route))
"""


@dataclass(frozen=True, slots=True)
class Spans:
    """What of a window is read where: the hours, None where there are none, and the edges that are raw."""

    hours: tuple[datetime | None, datetime | None] | None
    raw: Sequence[tuple[datetime | None, datetime | None]]


def spans_of(wanted: Wanted, now: datetime) -> Spans:
    """Where to read a window. An edge from before what is raw is kept lies where its hour begins, so that windows side
    by side count all once; one to now has no end."""
    since, until = wanted.since, wanted.until
    if until is not None and until > now - AS_GOOD_AS_NOW:
        until = None
    if wanted.session_id:
        return Spans(None, [(since, until)])
    since, until = (hour_of(edge) if edge is not None and edge < now - KEPT_RAW else edge for edge in (since, until))
    first = since if since is None or since == hour_of(since) else hour_of(since) + HOUR
    last = hour_of(until) if until is not None else None
    if first is not None and last is not None and first >= last:
        return Spans(None, [(since, until)])
    raw = [(since, first)] if since != first else []
    raw += [(last, until)] if until != last else []
    return Spans((first, last), raw)


class Windows:
    """Answers for windows of time, one workspace at a time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def summary(self, wanted: Wanted) -> Summary:
        """The window in numbers.

        Raises:
            StoreUnavailable: when it cannot be read now.
        """
        spans = spans_of(wanted, self._clock.now())
        async with self._database.view() as connection:
            return Summary(
                decided=await decided(connection, wanted, spans),
                judged=await judged(connection, wanted),
                **await sessions(connection, wanted),
                generations=await generations(connection, wanted),
                faults=await faults(connection, wanted),
                moments=await moments(connection, wanted, spans),
            )


async def decided(connection: asyncpg.Connection, wanted: Wanted, spans: Spans) -> Decided:
    """The decisions of a window."""
    hourly = CELL.format(found="found", count="sum(count)::bigint")
    rows = await over(connection, wanted, spans, "decision", hourly, CELL.format(found="found > 0", count="count(*)"))
    cells = [Cell(*row.values()) for row in rows]
    total = sum(cell.count for cell in cells)
    return decided_in(cells, await exactly(connection, wanted, total) if 0 < total <= EXACT_AT_MOST else ())


async def exactly(connection: asyncpg.Connection, wanted: Wanted, total: int) -> list[Latency]:
    """The latencies of a window as they were; none where some of its decisions are no longer kept."""
    condition, values = condition_of(wanted, "observed_at")
    rows = await connection.fetch(LATENCIES.format(condition), *values)
    latencies = [Latency(row["kind"], row["route"], row["count"], Percentiles(*row["latency"] or ())) for row in rows]
    whole = max((latency.count for latency in latencies), default=0)
    return latencies if whole == total else []


async def moments(connection: asyncpg.Connection, wanted: Wanted, spans: Spans) -> dict[int, int]:
    """How many moments of each kind."""
    rows = await over(
        connection, wanted, spans, "moment", "kind, sum(count)::bigint as count", "kind, count(*) as count", group=1
    )
    counts = Counter[int]()
    for kind, count in rows:
        counts[kind] += int(count)
    return dict(counts)


async def over(
    connection: asyncpg.Connection, wanted: Wanted, spans: Spans, table: str, hourly: str, raw: str, group: int = 6
) -> list[asyncpg.Record]:
    """Rows out of a table's hours and out of its raw edges; the first `group` columns are what they are counted by."""
    by = ", ".join(str(number) for number in range(1, group + 1))
    rows: list[asyncpg.Record] = []
    if spans.hours is not None:
        part = replace(wanted, since=spans.hours[0], until=spans.hours[1])
        condition, values = condition_of(part, "starts_at")
        statement = f"select {hourly} from telemetry.{table}_hour where {condition} group by {by}"  # noqa: S608
        rows += await connection.fetch(statement, *values)
    for since, until in spans.raw:
        condition, values = condition_of(replace(wanted, since=since, until=until), "observed_at")
        statement = f"select {raw} from telemetry.{table} where {condition} group by {by}"  # noqa: S608
        rows += await connection.fetch(statement, *values)
    return rows


async def judged(connection: asyncpg.Connection, wanted: Wanted) -> Judged:
    """The advice given in a window."""
    rows = await with_folded(connection, wanted, "advice", "given_at", "state, verdict", "count(*)", "sum(count)")
    counts = Counter[tuple[int, int]]()
    for state, verdict, count in rows:
        counts[state, verdict] += int(count)
    return judged_in(counts)


async def sessions(connection: asyncpg.Connection, wanted: Wanted) -> dict[str, int]:
    """How many sessions, and what came of their first calls."""
    places = [("project_id = {}", wanted.project_id), ("session_id = {}", wanted.session_id)]
    span = [("seen_at >= {}", wanted.since), ("began_at < {}", wanted.until)]
    seen, values = asked([*places, *span], wanted.workspace_id)
    statement = f"select count(*) from telemetry.session where workspace_id = $1{seen}"  # noqa: S608
    count = await connection.fetchval(statement, *values)
    first, values = asked(
        [*places, ("first_call_at >= {}", wanted.since), ("first_call_at < {}", wanted.until)], wanted.workspace_id
    )
    statement = f"""
        select count(first_call_at), count(*) filter (where first_call_packet) from telemetry.session
        where workspace_id = $1{first}
    """  # noqa: S608
    calls, packets = await connection.fetchrow(statement, *values) or (0, 0)
    return {"sessions": count, "first_calls": calls, "first_calls_packets": packets}


async def generations(connection: asyncpg.Connection, wanted: Wanted) -> tuple[Generations, ...]:
    """The calls of engines that ended in a window; they belong to no project and no session."""
    if wanted.project_id or wanted.session_id:
        return ()
    sums = "sum(input_tokens), sum(output_tokens), sum(cost)"
    raw, hourly = f"count(*), {sums}", f"sum(count), {sums}"
    rows = await with_folded(connection, wanted, "generation", "ended_at", "engine, purpose", raw, hourly)
    found: dict[tuple[str, str], Counter[int]] = {}
    for engine, purpose, *numbers in rows:
        found.setdefault((engine, purpose), Counter()).update({at: int(number) for at, number in enumerate(numbers)})
    return tuple(Generations(*key, *(sums[at] for at in range(4))) for key, sums in sorted(found.items()))


async def faults(connection: asyncpg.Connection, wanted: Wanted) -> dict[tuple[str, str], int]:
    """The faults seen in a window, by component and reason; they belong to no project and no session."""
    if wanted.project_id or wanted.session_id:
        return {}
    rows = await with_folded(connection, wanted, "fault", "last_at", "component, reason", "sum(count)", "sum(count)")
    counts = Counter[tuple[str, str]]()
    for component, reason, count in rows:
        counts[component, reason] += int(count)
    return dict(counts)


async def with_folded(
    connection: asyncpg.Connection, wanted: Wanted, table: str, time: str, by: str, raw: str, hourly: str
) -> list[asyncpg.Record]:
    """Rows by two columns, of what is raw and of the hours of days that have gone: nothing raw stands in those."""
    condition, values = condition_of(wanted, time)
    statement = f"select {by}, {raw} from telemetry.{table} where {condition} group by 1, 2"  # noqa: S608
    rows = await connection.fetch(statement, *values)
    if not wanted.session_id:
        condition, values = folded_in(wanted)
        statement = f"select {by}, {hourly} from telemetry.{table}_hour where {condition} group by 1, 2"  # noqa: S608
        rows += await connection.fetch(statement, *values)
    return rows


def condition_of(wanted: Wanted, time: str) -> tuple[str, list[object]]:
    """The condition in SQL on a table whose time stands in a column, only of what is asked, and its parameters."""
    conditions = [
        ("project_id = {}", wanted.project_id),
        ("session_id = {}", wanted.session_id),
        (f"{time} >= {{}}", wanted.since),
        (f"{time} < {{}}", wanted.until),
    ]
    found, values = asked(conditions, wanted.workspace_id)
    return f"workspace_id = $1{found}", values


def folded_in(wanted: Wanted) -> tuple[str, list[object]]:
    """The condition on hours into which days were folded that have gone."""
    since, until = (hour_of(edge) if edge is not None else None for edge in (wanted.since, wanted.until))
    return condition_of(replace(wanted, since=since, until=until), "starts_at")
