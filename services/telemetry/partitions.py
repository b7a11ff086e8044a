"""Partitions of the tables of what is raw, one a UTC day: made before the first row of a day, dropped when too old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import asyncpg

LOCK = 0x54_45_4C_45_4D
"""Advisory lock under which partitions change, so that two replicas never make or drop one at the same time."""

LIST = "select relname from pg_inherits join pg_class on oid = inhrelid where inhparent = $1::regclass"


def day_of(moment: datetime) -> date:
    """The day whose partition keeps what came then."""
    return moment.astimezone(UTC).date()


def partition_of(table: str, day: date) -> str:
    """The name of a day's partition, without the schema."""
    return f"{table}_{day.isoformat().replace('-', '')}"


async def make(connection: asyncpg.Connection, table: str, days: Iterable[date]) -> None:
    """Makes the partitions of these days where they are missing, within the transaction that is open."""
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
    for day in sorted(days):
        name = f"telemetry.{partition_of(table, day)}"
        if await connection.fetchval("select to_regclass($1)", name) is None:
            # Attaching lets readers and writers of the other days go on, which `create ... partition of` does not.
            await connection.execute(f"create table {name} (like telemetry.{table})")
            await connection.execute(f"alter table telemetry.{table} attach partition {name} for values {bounds(day)}")


async def before(connection: asyncpg.Connection, table: str, first_kept: date) -> list[str]:
    """Names of the partitions of all days before one, taken until the transaction ends."""
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
    names = [str(row["relname"]) for row in await connection.fetch(LIST, f"telemetry.{table}")]
    return sorted(name for name in names if name < partition_of(table, first_kept))


async def drop(connection: asyncpg.Connection, names: Iterable[str]) -> None:
    """Drops partitions, within the transaction that is open."""
    for name in names:
        await connection.execute(f"drop table telemetry.{name}")


def bounds(day: date) -> str:
    """A day as a partition's bounds, whatever the session's time zone."""
    return f"from ('{day} 00:00:00+00') to ('{day + timedelta(days=1)} 00:00:00+00')"
