"""Decisions in Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import asyncpg

from chassis.conditions import asked
from chassis.database import Database, count_in
from chassis.faults import StoreUnavailable
from services.telemetry import partitions, trials
from services.telemetry.comparison import Arm
from services.telemetry.model import Decision, Latency, Summary, Wanted

SWEEP_LOCK_WAIT = "2s"
"""A sweep that cannot have its locks gives up: behind one that waits, every reader and writer would wait too."""

INSERT = """
    insert into telemetry.decision (
        workspace_id, observed_at, decision_id, occurred_at, project_id, session_id, kind, tool, route, silence, said,
        latency_us, hook_latency_us, event)
    select * from unnest(
        $1::text[], $2::timestamptz[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::int[], $8::text[],
        $9::int[], $10::int[], $11::bool[], $12::bigint[], $13::bigint[], $14::bytea[])
    on conflict do nothing
    returning workspace_id, observed_at, decision_id
"""
NEWEST = "select event from telemetry.decision where {} order by observed_at desc, decision_id desc limit {}"
# Both answers out of one scan, so that the counts and the percentiles are of the same decisions.
SUMMARY = """
    with wanted as materialized (select route, silence, said, hook_latency_us from telemetry.decision where {})
    select route, silence, said, count(*) as decisions, null::bigint[] as latency
    from wanted group by route, silence, said
    union all
    select null, null, null, 0, percentile_disc(array[0.5, 0.9, 0.95, 0.99]) within group (order by hook_latency_us)
    from wanted
"""
DELETE = "delete from telemetry.decision where {}"
DELETE_TRIAL = "delete from telemetry.trial_session where {}"


class Decisions:
    """The decisions of all workspaces; every question names one workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._days: set[date] = set()

    async def add(self, decisions: Iterable[Decision]) -> list[Decision]:
        """Stores those that are not there yet and counts them for their arms, all or none; returns them.

        Raises:
            StoreUnavailable: when none could be stored now.
        """
        # Two replicas that are given the same decisions must lock them in the same order.
        by_key = {decision.key: decision for decision in sorted(decisions, key=lambda decision: decision.key)}
        rows = by_key.values()
        days = {partitions.day_of(decision.observed_at) for decision in rows}
        try:
            async with self._database.transaction() as connection:
                if missing := days - self._days:
                    await partitions.make(connection, missing)
                stored = await connection.fetch(INSERT, *columns(rows))
                new = [by_key[row["workspace_id"], row["observed_at"], row["decision_id"]] for row in stored]
                await trials.add(connection, new)
        except asyncpg.CheckViolationError as error:
            # Another process has dropped a day that this one remembers as made.
            self._days.clear()
            raise StoreUnavailable("Postgres: the partition of a day has gone") from error
        self._days |= days
        return new

    async def newest(self, wanted: Wanted, limit: int) -> list[bytes]:
        """The events of the decisions wanted, those observed last first.

        Raises:
            StoreUnavailable: when they cannot be read now.
        """
        condition, values = condition_of(wanted)
        async with self._database.connection() as connection:
            rows = await connection.fetch(NEWEST.format(condition, f"${len(values) + 1}"), *values, limit)
        return [row["event"] for row in rows]

    async def summary(self, wanted: Wanted) -> Summary:
        """The decisions wanted in numbers, each decision counted under its route and, if silent, under its reason.

        Raises:
            StoreUnavailable: when they cannot be read now.
        """
        condition, values = condition_of(wanted)
        async with self._database.connection() as connection:
            rows = await connection.fetch(SUMMARY.format(condition), *values)
        return summary_from(rows)

    async def arms(self, wanted: Wanted) -> tuple[Arm, Arm]:
        """The sessions of treatment and of control, by workspace, project and beginning.

        Raises:
            StoreUnavailable: when they cannot be read now.
        """
        async with self._database.connection() as connection:
            return await trials.read(connection, wanted)

    async def erase(self, wanted: Wanted) -> int:
        """Erases the decisions wanted for good, and what was counted of them; returns how many there were.

        Raises:
            StoreUnavailable: when none could be erased now.
        """
        condition, values = condition_of(wanted)
        async with self._database.transaction() as connection:
            status = await connection.execute(DELETE.format(condition), *values)
            await connection.execute(DELETE_TRIAL.format(condition), *values)
        return count_in(status)

    async def drop_before(self, first_kept: date) -> list[str]:
        """Drops the days before one; returns the names of their partitions.

        Raises:
            StoreUnavailable: when Postgres is away.
            asyncpg.LockNotAvailableError: when the table is in use for too long.
        """
        async with self._database.transaction() as connection:
            await connection.execute(f"set local lock_timeout = '{SWEEP_LOCK_WAIT}'")
            dropped = await partitions.drop_before(connection, first_kept)
        self._days = {day for day in self._days if day >= first_kept}
        return dropped


def columns(decisions: Iterable[Decision]) -> list[list[object]]:
    """The values of many decisions, one list for each parameter of the insert."""
    rows = [
        (
            *decision.key,
            decision.occurred_at,
            decision.project_id,
            decision.session_id,
            decision.kind,
            decision.tool,
            decision.route,
            decision.silence,
            decision.said,
            decision.latency_us,
            decision.hook_latency_us,
            decision.event,
        )
        for decision in decisions
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def condition_of(wanted: Wanted) -> tuple[str, list[object]]:
    """The condition in SQL, only of what is asked so that an index can serve it, and its parameters."""
    conditions = [
        ("project_id = {}", wanted.project_id),
        ("session_id = {}", wanted.session_id),
        ("observed_at >= {}", wanted.since),
        ("observed_at < {}", wanted.until),
    ]
    found, values = asked(conditions, wanted.workspace_id)
    return f"workspace_id = $1{found}{' and said' if wanted.only_said else ''}", values


def summary_from(rows: Sequence[asyncpg.Record]) -> Summary:
    """Adds up the groups of the summary; its last kind of row has the percentiles alone."""
    routes: dict[int, int] = {}
    silences: dict[int, int] = {}
    said = 0
    latency = Latency()
    for row in rows:
        count = row["decisions"]
        if row["route"] is None:
            latency = Latency(*(row["latency"] or ()))
            continue
        routes[row["route"]] = routes.get(row["route"], 0) + count
        if row["silence"]:
            silences[row["silence"]] = silences.get(row["silence"], 0) + count
        said += count if row["said"] else 0
    return Summary(sum(routes.values()), said, routes, silences, latency)
