"""Decisions in Postgres, one by one."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.conditions import asked
from chassis.database import Database
from services.telemetry import hours, sessions, trials
from services.telemetry.buckets import bucket_of
from services.telemetry.comparison import Arm
from services.telemetry.model import Decision, Wanted
from services.telemetry.tables import Row, Table, key_of, storing

COLUMNS = (
    "workspace_id",
    "observed_at",
    "decision_id",
    "occurred_at",
    "project_id",
    "session_id",
    "kind",
    "tool",
    "route",
    "silence",
    "said",
    "found",
    "latency_us",
    "hook_latency_us",
    "bucket",
    "trace_id",
    "event",
)
NEWEST = "select event from telemetry.decision where {} order by observed_at desc, decision_id desc limit {}"
# A ULID begins with its time, but its clock is the gateway's: the index of ids finds it in every partition.
BY_ID = """
    select event from telemetry.decision
    where workspace_id = $1 and decision_id >= $2 and decision_id < $2 || '~' order by decision_id limit 2
"""


class Decisions:
    """The decisions of all workspaces; every question names one workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = Table("decision", COLUMNS)

    async def add(self, decisions: Iterable[Decision]) -> list[Decision]:
        """Stores those that are not there yet and counts them for their hours, sessions and arms, all or none.

        Returns those that were not there.

        Raises:
            StoreUnavailable: when none could be stored now.
        """
        by_key = {decision.key: decision for decision in decisions}
        async with storing(self._database, self._table) as connection:
            rows = await self._table.store(connection, map(row_of, by_key.values()))
            new = [by_key[key_of(row)] for row in rows]
            await hours.count_decisions(connection, new)
            await sessions.add_decisions(connection, new)
            await trials.add(connection, new)
        self._table.made(rows)
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

    async def begun(self, workspace_id: str, begin: str) -> list[bytes]:
        """The events of the decisions whose ids begin so, two at most.

        Raises:
            StoreUnavailable: when they cannot be read now.
        """
        async with self._database.connection() as connection:
            return [row["event"] for row in await connection.fetch(BY_ID, workspace_id, begin)]

    async def arms(self, wanted: Wanted) -> tuple[Arm, Arm]:
        """The sessions of treatment and of control, by workspace, project and beginning.

        Raises:
            StoreUnavailable: when they cannot be read now.
        """
        async with self._database.connection() as connection:
            return await trials.read(connection, wanted)

    def forget_days(self) -> None:
        """To be told when partitions were dropped."""
        self._table.forget_days()


def row_of(decision: Decision) -> Row:
    """A decision's columns."""
    return (
        *decision.key,
        decision.occurred_at,
        decision.project_id,
        decision.session_id,
        decision.kind,
        decision.tool,
        decision.route,
        decision.silence,
        decision.said,
        decision.found,
        decision.latency_us,
        decision.hook_latency_us,
        bucket_of(decision.hook_latency_us),
        decision.trace_id,
        decision.event,
    )


def condition_of(wanted: Wanted) -> tuple[str, list[object]]:
    """The condition in SQL, only of what is asked so that an index can serve it, and its parameters."""
    at, decision_id = wanted.before or (None, "")
    conditions: list[tuple[str, object]] = [
        ("project_id = {}", wanted.project_id),
        ("session_id = {}", wanted.session_id),
        ("observed_at >= {}", wanted.since),
        ("observed_at < {}", wanted.until),
        ("observed_at <= {}", at),
    ]
    found, values = asked(conditions, wanted.workspace_id)
    if at is not None:
        found += f" and (observed_at, decision_id) < (${len(values)}, ${len(values) + 1})"
        values.append(decision_id)
    # Numbers stand in the text, so that the indexes of those that are rare can be seen to hold all of them.
    found += f" and route = {wanted.route:d}" if wanted.route else ""
    found += f" and silence = {wanted.silence:d}" if wanted.silence else ""
    found += " and said" if wanted.only_said else ""
    found += " and found > 0" if wanted.only_found or wanted.only_said else ""
    return f"workspace_id = $1{found}", values
