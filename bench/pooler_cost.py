"""`make bench-pooler`: what a lookup costs through PgBouncer in transaction mode, beside one on a connection of its
own.

Both ask the same store of 10,000 packets in turns. Through the pooler each lookup is a transaction, which is begun and
ended on its own, and its statement is planned anew. There is no limit: the ratio is what a fleet pays for having more
processes than its database takes connections.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from itertools import islice
from pathlib import Path

import asyncpg
import uvloop

from bench.hooks import EVENTS
from bench.lessons import mistakes, today
from bench.pgbouncer import start_pgbouncer
from bench.report import console, keep, show_figures
from bench.rounds import measured
from bench.store_scale import FIRST, PLAN, WARM_UP, Lookup, begin, grow
from chassis.clock import SystemClock
from chassis.database import Database
from chassis.migrations import role_of
from chassis.pooled_database import PooledDatabase
from host.engines import start_postgres
from host.store import migrate_all
from services.packets.assembly import SERVICE
from services.packets.counting import ShownCounts
from services.packets.library import Library

HALF_LIFE = timedelta(days=90)
COPIES = 10
"""Of a thousand packets."""
WAYS: dict[str, type[Database]] = {"direct": Database, "through the pooler": PooledDatabase}


async def bench(folder: Path) -> None:
    """Measures both ways, reports and keeps the record."""
    postgres = await start_postgres(folder / "data", folder / "run")
    try:
        await migrate_all([SERVICE], postgres.url)
        known = list(islice(mistakes(), FIRST))
        connection = await asyncpg.connect(postgres.url)
        await begin(connection, known, today())
        await grow(connection, COPIES)
        await connection.close()
        pooler = start_pgbouncer(folder / "b", postgres.url, size=4)
        urls = {"direct": postgres.url, "through the pooler": pooler.url_to(postgres.url)}
        databases = {way: kind(urls[way], role=role_of(SERVICE.schema), size=1) for way, kind in WAYS.items()}
        subjects = [
            Lookup(f"{event}, {way}", event, library_on(database), known, COPIES)
            for event in EVENTS
            for way, database in databases.items()
        ]
        await measured(subjects, WARM_UP)
        figures = await measured(subjects, PLAN)
        for database in databases.values():
            await database.close()
        pooler.stop()
    finally:
        await postgres.stop()
    show_figures("Lookups through a pooler", figures)
    ratios = {event: figures[f"{event}, through the pooler"].p50 / figures[f"{event}, direct"].p50 for event in EVENTS}
    for event, ratio in ratios.items():
        console.print(f"{event}: {ratio:.1f} times as long through the pooler, by the median")
    keep("pooler_cost", {"ms": {name: row.as_json() for name, row in figures.items()}, "ratios": ratios})


def library_on(database: Database) -> Library:
    """The packets, as a process has them."""
    return Library(database, ShownCounts(database), SystemClock(), HALF_LIFE)


def main() -> None:
    """Runs in a throw-away data folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        uvloop.run(bench(Path(folder)))


if __name__ == "__main__":
    main()
