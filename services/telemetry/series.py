"""A span step by step out of Postgres: what a chart is drawn from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

import asyncpg

from chassis.database import Database
from services.telemetry.figures import Percentiles, percentiles
from services.telemetry.hours import hour_of
from services.telemetry.model import Wanted
from services.telemetry.windows import condition_of


class Step(Enum):
    """How long a point is."""

    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """The same as a length of time."""
        return timedelta(hours=1) if self is Step.HOUR else timedelta(days=1)

    def begin_of(self, moment: datetime) -> datetime:
        """The beginning of the step in which a moment lies, in UTC."""
        hour = hour_of(moment)
        return hour if self is Step.HOUR else hour.replace(hour=0)


@dataclass(slots=True)
class Point:
    """One step."""

    starts_at: datetime
    decisions: int = 0
    said: int = 0
    routes: Mapping[int, int] = field(default_factory=dict[int, int])
    latency: Percentiles = field(default_factory=Percentiles)
    tokens: int = 0
    cost: int = 0
    faults: int = 0


async def series(database: Database, wanted: Wanted, since: datetime, until: datetime, step: Step) -> list[Point]:
    """The points from the step in which `since` lies to the one in which `until` does, oldest first.

    Raises:
        StoreUnavailable: when they cannot be read now.
    """
    points: dict[datetime, Point] = {}
    at = step.begin_of(since)
    while at < until:
        points[at] = Point(at)
        at += step.length
    of = replace(wanted, since=step.begin_of(since), until=until)
    async with database.view() as connection:
        await fill_decisions(connection, points, of, step)
        if not wanted.project_id:
            await fill_costs(connection, points, of, step)
            await fill_faults(connection, points, of, step)
    return list(points.values())


async def fill_decisions(
    connection: asyncpg.Connection, points: Mapping[datetime, Point], wanted: Wanted, step: Step
) -> None:
    """Counts decisions, and how long they took."""
    condition, values = condition_of(wanted, "starts_at")
    begins = f"date_trunc('{step.value}', starts_at, 'UTC')"
    routes: dict[datetime, Counter[int]] = defaultdict(Counter)
    statement = f"""
        select {begins}, route, said, sum(count)::bigint from telemetry.decision_hour where {condition} group by 1, 2, 3
    """  # noqa: S608
    for at, route, said, count in await connection.fetch(statement, *values):
        points[at].decisions += count
        points[at].said += count * said
        routes[at][route] += count
    buckets: dict[datetime, dict[int, int]] = defaultdict(dict)
    statement = f"""
        select {begins}, bucket, sum(count)::bigint from telemetry.decision_hour where {condition} group by 1, 2
    """  # noqa: S608
    for at, bucket, count in await connection.fetch(statement, *values):
        buckets[at][bucket] = count
    for at, counts in buckets.items():
        points[at].routes = routes[at]
        points[at].latency = percentiles(counts)


async def fill_costs(
    connection: asyncpg.Connection, points: Mapping[datetime, Point], wanted: Wanted, step: Step
) -> None:
    """Adds up tokens and cost."""
    for table, time in (("generation", "ended_at"), ("generation_hour", "starts_at")):
        condition, values = condition_of(wanted, time)
        statement = f"""
            select date_trunc('{step.value}', {time}, 'UTC'), sum(input_tokens + output_tokens)::bigint,
                sum(cost)::bigint
            from telemetry.{table} where {condition} group by 1
        """  # noqa: S608
        for at, tokens, cost in await connection.fetch(statement, *values):
            points[at].tokens += tokens
            points[at].cost += cost


async def fill_faults(
    connection: asyncpg.Connection, points: Mapping[datetime, Point], wanted: Wanted, step: Step
) -> None:
    """Counts faults."""
    for table, time in (("fault", "last_at"), ("fault_hour", "starts_at")):
        condition, values = condition_of(wanted, time)
        statement = f"""
            select date_trunc('{step.value}', {time}, 'UTC'), sum(count)::bigint
            from telemetry.{table} where {condition} group by 1
        """  # noqa: S608
        for at, count in await connection.fetch(statement, *values):
            points[at].faults += count
