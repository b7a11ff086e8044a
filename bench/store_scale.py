"""`make bench-scale`: what a lookup costs as one project's packets grow from a thousand to a million.

Exits with 1 when it costs more than three times as much with a million packets as with a thousand. What is added is
about calls of its own but shares classes, words and antecedents, so that each such key leads to a thousand times more.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import asyncpg
import uvloop

from bench import sessions, store
from bench.hooks import EVENTS, ROOT, payload_of, session_ids
from bench.lessons import WORKSPACE, Mistake, lesson_from, mistakes, today
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Figures, Plan, measured
from chassis.clock import SystemClock
from chassis.database import Database
from chassis.migrations import role_of
from chassis.tracing import new_traceparent
from gateway.clients.claude_code import adapter
from gateway.moments import Circumstances, moment_from
from gateway.repository import Repository
from host.engines import start_postgres
from host.store import migrate_all
from services.packets.assembly import SERVICE
from services.packets.counting import ShownCounts
from services.packets.library import Library
from spark.moment.v1 import moment_pb2

FIRST = 1_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)
WARM_UP = Plan(rounds=1, calls=500)
PLAN = Plan(rounds=5, calls=400)
LIMIT_RATIO = 3.0
STEP = 7919
"""A prime, so that lookups wander over all copies."""

# Weights from 8 up belong to keys that name one call or one thing (services.packets.keys); a copy has its own of those.
COPY = (
    """
    insert into packets.packet
        (workspace_id, packet_id, project_id, source_mode, text, confidence, lesson, revision, fresh_until)
    select workspace_id, md5(packet_id || copy), project_id, source_mode, text, confidence, lesson, revision,
        fresh_until
    from first_packet, generate_series(1, $1::int) as copy
    """,
    """
    insert into packets.packet_key (workspace_id, project_id, key, rank, packet_id, weight, fresh_until)
    select workspace_id, project_id, case when weight >= 8 then key || '#' || copy else key end, rank,
        md5(packet_id || copy), weight, fresh_until
    from first_key, generate_series(1, $1::int) as copy
    """,
)


class Lookup:
    """Lookups at one event, each about another of so many copies."""

    def __init__(self, name: str, event: str, library: Library, known: Sequence[Mistake], copies: int) -> None:
        self.name = name
        self._event = event
        self._library = library
        self._known = known
        self._copies = copies
        self._made = 0
        self.found = 0

    async def once(self) -> float:
        """Seconds of one lookup, from moment to candidates."""
        moment = self._moment()
        started = time.perf_counter()
        found = await self._library.find(moment, 0)
        taken = time.perf_counter() - started
        self._made += 1
        self.found += bool(found.candidates)
        return taken

    def _moment(self) -> moment_pb2.Moment:
        known = self._known[(7 * self._made) % len(self._known)]
        sighted = adapter.read(payload_of(self._event, known, self._event, self._made))
        now = today()
        at = Circumstances(WORKSPACE, "claude-code", moment_pb2.ORIGIN_LIVE, now, now, new_traceparent())
        moment = moment_from(sighted.sightings[0], sighted, Repository(ROOT), at, "")
        copy = 1 + (STEP * self._made) % self._copies
        moment.call.target += f"#{copy}"
        moment.outcome.signature += f"#{copy}"
        return moment


async def bench(folder: Path) -> bool:
    """Measures each size, reports and keeps the record; whether the limit holds."""
    postgres = await start_postgres(folder, folder / "run")
    try:
        await migrate_all([SERVICE], postgres.url)
        known = list(islice(mistakes(), FIRST))
        connection = await asyncpg.connect(postgres.url)
        await begin(connection, known, today())
        rows: dict[str, Figures] = {}
        for size in SIZES:
            started = time.perf_counter()
            await grow(connection, size // FIRST)
            console.print(f"{size:,} packets written in {time.perf_counter() - started:.0f} s")
            rows |= await looked_up(postgres.url, known, size)
        await connection.close()
    finally:
        await postgres.stop()
    return concluded(rows)


async def begin(connection: asyncpg.Connection, known: Sequence[Mistake], now: datetime) -> None:
    """The packets that are copied, and the sessions that ask."""
    project_id = Repository(ROOT).project_id
    lessons = [lesson_from(mistake, project_id, index, now) for index, mistake in enumerate(known)]
    await store.fill(connection, lessons, [project_id])
    await connection.execute("create temporary table first_packet as table packets.packet")
    await connection.execute("create temporary table first_key as table packets.packet_key")
    ids = [each for event in EVENTS for each in session_ids(event, WARM_UP.total + PLAN.total)]
    await sessions.begin(connection, ids, project_id, [lesson.lesson_id for lesson in lessons], now)


async def grow(connection: asyncpg.Connection, copies: int) -> None:
    """Brings the store to so many copies of the first packets."""
    async with store.emptied(connection):
        for statement in COPY:
            await connection.execute(statement, copies)


async def looked_up(url: str, known: Sequence[Mistake], size: int) -> dict[str, Figures]:
    """The figures of each event at one size."""
    database = Database(url, role=role_of(SERVICE.schema), size=1)
    library = Library(database, ShownCounts(database), SystemClock(), timedelta(days=90))
    subjects = [Lookup(label(event, size), event, library, known, size // FIRST) for event in EVENTS]
    await measured(subjects, WARM_UP)
    figures = await measured(subjects, PLAN)
    await database.close()
    for subject in subjects:
        # Nothing is said before an edit, which one mistake of five is about.
        assert subject.found >= 0.8 * (WARM_UP.total + PLAN.total), f"{subject.name}: found {subject.found}"
    return figures


def concluded(rows: dict[str, Figures]) -> bool:
    """Shows and keeps the figures; whether the limit holds."""
    show_figures("Lookups by size of the project", rows)
    limits = [
        Limit(
            f"{event}, {SIZES[-1]:,} over {SIZES[0]:,} packets",
            rows[label(event, SIZES[-1])].p50 / rows[label(event, SIZES[0])].p50,
            LIMIT_RATIO,
            "times",
        )
        for event in EVENTS
    ]
    record = {name: row.as_json() for name, row in rows.items()}
    keep("store_scale", {"ms": record, "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits]})
    return show_limits(limits)


def label(event: str, size: int) -> str:
    """How a row is called."""
    return f"{event}, {size:,}"


def main() -> None:
    """Runs in a throw-away data folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        held = uvloop.run(bench(Path(folder)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
