"""The table's partitions, one a UTC day: made before the first decision of a day comes, dropped when too old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import asyncpg

TABLE = "telemetry.decision"
PREFIX = "decision_"
LOCK = 0x54_45_4C_45_4D
"""Advisory lock under which the partitions change, so that two replicas never make or drop one at the same time."""

LIST = f"select relname from pg_inherits join pg_class on oid = inhrelid where inhparent = '{TABLE}'::regclass"  # noqa: S608


def day_of(moment: datetime) -> date:
    """The day whose partition keeps a decision observed then."""
    return moment.astimezone(UTC).date()


def partition_of(day: date) -> str:
    """The name of a day's partition, without the schema."""
    return PREFIX + day.isoformat().replace("-", "")


async def make(connection: asyncpg.Connection, days: Iterable[date]) -> None:
    """Makes the partitions of these days where they are missing, within the transaction that is open."""
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
    for day in sorted(days):
        name = f"telemetry.{partition_of(day)}"
        if await connection.fetchval("select to_regclass($1)", name) is None:
            # Attaching lets readers and writers of the other days go on, which `create ... partition of` does not.
            await connection.execute(f"create table {name} (like {TABLE})")
            await connection.execute(f"alter table {TABLE} attach partition {name} for values {bounds(day)}")


async def drop_before(connection: asyncpg.Connection, first_kept: date) -> list[str]:
    """Drops the partitions of all days before one, within the transaction that is open; returns their names."""
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
    names = [str(row["relname"]) for row in await connection.fetch(LIST)]
    dropped = sorted(name for name in names if name < partition_of(first_kept))
    for name in dropped:
        await connection.execute(f"drop table telemetry.{name}")
    return dropped


def bounds(day: date) -> str:
    """A day as a partition's bounds, whatever the session's time zone."""
    return f"from ('{day} 00:00:00+00') to ('{day + timedelta(days=1)} 00:00:00+00')"
