"""What is erased for good, what is exported, and what has passed out of keeping."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import asyncpg

from chassis.database import Database, count_in
from services.telemetry import partitions
from services.telemetry.hours import DECISION_KEY, MOMENT_KEY
from services.telemetry.model import Wanted
from services.telemetry.windows import condition_of

SWEEP_LOCK_WAIT = "2s"
"""A sweep that cannot have its locks gives up: behind one that waits, every reader and writer would wait too."""
HOURS_KEPT = timedelta(days=400)
"""So that a month can be set beside the same month of the year before."""

READER_PAUSES_S = 60
"""A reader of an export that takes nothing for so long has gone; its view would keep days from being dropped."""

RAW = ("decision", "moment", "advice", "generation", "fault")
OF_SESSIONS = ("decision", "moment", "advice", "session", "trial_session")
"""Tables whose rows belong to a session and a project."""
OF_PROJECTS = ("decision_hour", "moment_hour", "advice_hour")
HOLD = "lock table telemetry.decision, telemetry.moment, telemetry.advice in share row exclusive mode"
"""Waits for what is being stored, and lets nothing in until the erasure is through: what came in between two of its
statements would be erased and stay counted, or the other way about. Who reads is not held up."""
OF_WORKSPACES = ("generation", "generation_hour", "fault", "fault_hour")

# Days of what is seldom become hours when they go; decisions and moments have theirs from the start.
FOLDS = {
    "advice": """
        insert into telemetry.advice_hour as known (workspace_id, starts_at, project_id, state, verdict, count)
        select workspace_id, date_trunc('hour', given_at, 'UTC'), project_id, state, verdict, count(*)
        from telemetry.{} group by 1, 2, 3, 4, 5
        on conflict (workspace_id, starts_at, project_id, state, verdict) do update
            set count = known.count + excluded.count
    """,
    "generation": """
        insert into telemetry.generation_hour as known
            (workspace_id, starts_at, engine, purpose, count, input_tokens, output_tokens, cost)
        select workspace_id, date_trunc('hour', ended_at, 'UTC'), engine, purpose, count(*), sum(input_tokens),
            sum(output_tokens), sum(cost)
        from telemetry.{} group by 1, 2, 3, 4
        on conflict (workspace_id, starts_at, engine, purpose) do update
            set count = known.count + excluded.count, input_tokens = known.input_tokens + excluded.input_tokens,
                output_tokens = known.output_tokens + excluded.output_tokens, cost = known.cost + excluded.cost
    """,
    "fault": """
        insert into telemetry.fault_hour as known (workspace_id, starts_at, component, reason, count)
        select workspace_id, date_trunc('hour', last_at, 'UTC'), component, reason, sum(count)
        from telemetry.{} group by 1, 2, 3, 4
        on conflict (workspace_id, starts_at, component, reason) do update set count = known.count + excluded.count
    """,
}

# What is counted must go on agreeing with what is there.
UNCOUNT_DECISIONS = f"""
    with gone as (
        select workspace_id, date_trunc('hour', observed_at, 'UTC') as starts_at, project_id, kind, route, silence,
            said, found > 0 as found, bucket, count(*) as count
        from telemetry.decision where {{}} group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    )
    update telemetry.decision_hour known set count = known.count - gone.count from gone
    where ({", ".join(f"known.{name}" for name in DECISION_KEY.split(", "))})
        = ({", ".join(f"gone.{name}" for name in DECISION_KEY.split(", "))})
"""  # noqa: S608
UNCOUNT_MOMENTS = f"""
    with gone as (
        select workspace_id, date_trunc('hour', observed_at, 'UTC') as starts_at, project_id, kind, count(*) as count
        from telemetry.moment where {{}} group by 1, 2, 3, 4
    )
    update telemetry.moment_hour known set count = known.count - gone.count from gone
    where ({", ".join(f"known.{name}" for name in MOMENT_KEY.split(", "))})
        = ({", ".join(f"gone.{name}" for name in MOMENT_KEY.split(", "))})
"""  # noqa: S608
EMPTY_HOURS = "delete from telemetry.{} where workspace_id = $1 and count <= 0"


@dataclass(frozen=True, slots=True)
class Exported:
    """One thing held: of which table, and its row."""

    table: str
    row: asyncpg.Record


async def erase(database: Database, wanted: Wanted) -> int:
    """Erases a session, a project, or all of a workspace, for good; returns how many decisions there were.

    Of a session the hours of the last two weeks are put right; older ones are numbers without a name.

    Raises:
        StoreUnavailable: when nothing could be erased now.
    """
    condition, values = condition_of(wanted, "observed_at")
    async with database.transaction() as connection:
        await connection.execute(HOLD)
        if wanted.session_id:
            await connection.execute(UNCOUNT_DECISIONS.format(condition), *values)
            await connection.execute(UNCOUNT_MOMENTS.format(condition), *values)
            for table in ("decision_hour", "moment_hour"):
                await connection.execute(EMPTY_HOURS.format(table), wanted.workspace_id)
        tables = [*OF_SESSIONS]
        tables += [] if wanted.session_id else OF_PROJECTS
        tables += [] if wanted.session_id or wanted.project_id else OF_WORKSPACES
        erased = {
            table: count_in(await connection.execute(f"delete from telemetry.{table} where {condition}", *values))  # noqa: S608
            for table in tables
        }
    return erased["decision"]


async def export(database: Database, wanted: Wanted) -> AsyncGenerator[Exported]:
    """All that is held of a session, a project or a workspace, row by row as it is read: one view of one instant.

    Raises:
        StoreUnavailable: when it cannot be read now.
    """
    condition, values = condition_of(wanted, "observed_at")
    tables = ["session", "moment", "decision", "advice"]
    tables += [] if wanted.session_id or wanted.project_id else ["generation", "fault"]
    async with database.view() as connection:
        await connection.execute(f"set local idle_in_transaction_session_timeout = '{READER_PAUSES_S}s'")
        for table in tables:
            async for row in connection.cursor(f"select * from telemetry.{table} where {condition}", *values):  # noqa: S608
                yield Exported(table, row)


async def drop_before(database: Database, today: date, kept: timedelta) -> list[str]:
    """Drops the days of what is raw that have passed out of keeping, and hours that have; returns names of partitions.

    Raises:
        StoreUnavailable: when Postgres is away.
        asyncpg.LockNotAvailableError: when a table is in use for too long.
    """
    dropped: list[str] = []
    for table in RAW:
        async with database.transaction() as connection:
            await connection.execute(f"set local lock_timeout = '{SWEEP_LOCK_WAIT}'")
            names = await partitions.before(connection, table, today - kept)
            for name in names:
                if table in FOLDS:
                    await connection.execute(FOLDS[table].format(name))
            await partitions.drop(connection, names)
        dropped += names
    first_hour = datetime.combine(today - HOURS_KEPT, time(), UTC)
    async with database.transaction() as connection:
        for table in (*OF_PROJECTS, "generation_hour", "fault_hour"):
            await connection.execute(f"delete from telemetry.{table} where starts_at < $1", first_hour)  # noqa: S608
        await connection.execute("delete from telemetry.session where seen_at < $1", first_hour)
    return dropped
