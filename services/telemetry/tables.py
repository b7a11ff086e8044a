"""Tables of what is raw, and how rows get in: by COPY, each once, however often they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import asyncpg

from chassis.database import Database
from chassis.faults import StoreUnavailable
from services.telemetry import partitions

Row = tuple[Any, ...]
"""The values of a table's columns, in their order."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table partitioned by day. Its key is its first three columns: workspace, time and id."""

    name: str
    columns: Sequence[str]
    _days: set[date] = field(default_factory=set[date], compare=False)
    """Days whose partitions are known to be there."""

    def rows_of(self, kept: Iterable[object]) -> Iterable[Row]:
        """The columns of things whose fields are named as they are."""
        return map(attrgetter(*self.columns), kept)

    async def store(self, connection: asyncpg.Connection, rows: Iterable[Row]) -> list[Row]:
        """Stores those rows that are not there yet, within the transaction that is open; returns them.

        Raises:
            asyncpg.CheckViolationError: when the partition of a day that was there has gone.
        """
        # Two replicas that are given the same rows must lock them in the same order.
        once = sorted({key_of(row): row for row in rows}.items())
        if not once:
            return []
        days = {partitions.day_of(key[1]) for key, _ in once}
        if missing := days - self._days:
            await partitions.make(connection, self.name, missing)
        try:
            async with connection.transaction():
                # What comes again is rare: it is looked for only where there is some.
                await connection.copy_records_to_table(
                    self.name, schema_name="telemetry", columns=self.columns, records=[row for _, row in once]
                )
        except asyncpg.UniqueViolationError:
            places = ", ".join(f"${number}" for number in range(1, len(self.columns) + 1))
            insert = f"""
                insert into telemetry.{self.name} ({", ".join(self.columns)}) values ({places})
                on conflict do nothing returning {", ".join(self.columns[:3])}
            """  # noqa: S608
            stored = {tuple(row.values()) for row in await connection.fetchmany(insert, [row for _, row in once])}
            return [row for key, row in once if key in stored]
        return [row for _, row in once]

    def made(self, rows: Iterable[Row]) -> None:
        """To be told once rows are stored for good: the partitions of their days are there."""
        self._days.update(partitions.day_of(row[1]) for row in rows)

    def forget_days(self) -> None:
        """To be told when partitions may have gone."""
        self._days.clear()


def key_of(row: Row) -> tuple[str, datetime, str]:
    """What makes it this row."""
    return row[0], row[1], row[2]


@asynccontextmanager
async def storing(database: Database, *tables: Table) -> AsyncGenerator[asyncpg.Connection]:
    """A transaction in which rows of tables are stored.

    Raises:
        StoreUnavailable: when they cannot be stored now.
    """
    try:
        async with database.transaction() as connection:
            yield connection
    except asyncpg.CheckViolationError as error:
        # Another process has dropped a day that this one remembers as made.
        for table in tables:
            table.forget_days()
        raise StoreUnavailable("Postgres: the partition of a day has gone") from error
