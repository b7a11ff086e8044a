"""`make bench-pages`: how long the dashboard's pages take with ten million decisions stored, of the two weeks kept.

Each page is asked for in turn, as a browser asks; the time runs to the last byte. Exits with 1 when a page's 95th
percentile is above 300 ms. `ROWS=1000000` takes fewer.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import asyncpg
import httpx
import uvloop

from bench.processes import system
from bench.report import Limit, console, keep, show_limits
from bench.rounds import percentile
from chassis.identity import local_token
from services.telemetry import partitions
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

ROWS = int(os.environ.get("ROWS", "10000000"))
DAYS = 14
SESSIONS = 20_000
ROUNDS = 30
LIMIT_MS = 300.0

FILL = """
    insert into telemetry.decision
        (workspace_id, observed_at, decision_id, occurred_at, project_id, session_id, kind, tool, route, silence, said,
        found, latency_us, hook_latency_us, bucket, trace_id, event)
    select 'local', at, upper(lpad(to_hex(extract(epoch from at)::bigint), 10, '0') || lpad(to_hex(n), 16, '0')), at,
        lpad(to_hex(n % 20), 16, '0'), 'session-' || n % $5, 2 + n % 4, 'Bash',
        case when n % 10 = 0 then 1 when n % 1000 = 1 then 3 else 4 end,
        case when n % 10 = 0 then 0 when n % 50 = 1 then 2 when n % 100000 = 3 then 8 else 1 end, n % 10 = 0,
        (n % 10 = 0 or n % 50 = 1)::int, 400, 1000 + n % 900,
        case when 1000 + n % 900 < 1024 then 5 * 16 + ((1000 + n % 900) >> 5) else 6 * 16 + ((1000 + n % 900) >> 6) end,
        '', $4::bytea
    from (select n, $1::timestamptz + n * ($2::interval / $3::bigint) as at from generate_series(1, $3::bigint) as n)
        as made
"""
HOURS = """
    insert into telemetry.decision_hour
    select workspace_id, date_trunc('hour', observed_at, 'UTC'), project_id, kind, route, silence, said, found > 0,
        bucket, count(*)
    from telemetry.{} group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    on conflict do nothing
"""
SESSION_ROWS = """
    insert into telemetry.session
    select 'local', 'session-' || n, lpad(to_hex(n % 20), 16, '0'), 'claude-code',
        $1::timestamptz - n * interval '1 min', $1::timestamptz - n * interval '30 s', true, 500, 200, 9,
        $2::bigint / $3::bigint, 50, $1::timestamptz - n * interval '1 min', true
    from generate_series(1, $3::bigint) as n
"""


def event() -> bytes:
    """A decision as it is stored, with a piece said and one held back."""
    decided = router_pb2.AdviceDecided(
        envelope=moment_pb2.Envelope(
            event_id="ab" * 16,
            workspace_id="local",
            project_id="0" * 16,
            session_id="session-1",
            client="claude-code",
            origin=moment_pb2.ORIGIN_LIVE,
            schema_version=1,
        ),
        kind=moment_pb2.MOMENT_KIND_CALL_PROPOSED,
        tool="Bash",
        target="pytest -q tests/unit",
        decision=router_pb2.Decision(
            decision_id="01K9ZQ4M2X0000000000000000",
            route=router_pb2.ROUTE_PACKET_EXACT,
            text="`pytest -q` failed here before; what worked: `pytest -q -p no:cacheprovider`",
        ),
        hook_latency_us=1500,
    )
    decided.envelope.observed_at.FromDatetime(datetime.now(UTC))
    decided.envelope.occurred_at.FromDatetime(datetime.now(UTC))
    decided.decision.said.add(text=decided.decision.text, score=0.7)
    return decided.SerializeToString()


async def fill(url: str) -> tuple[str, str]:
    """Stores the decisions, their hours and their sessions; gives the id of a decision and of a session."""
    tables = await asyncpg.connect(url, timeout=60)
    try:
        today = datetime.now(UTC).date()
        for back in range(DAYS):
            day = today - timedelta(days=back)
            async with tables.transaction():
                await partitions.make(tables, "decision", [day])
            await tables.execute(FILL, *span_of(day), ROWS // DAYS, event(), SESSIONS, timeout=1200)
            await tables.execute(HOURS.format(partitions.partition_of("decision", day)), timeout=1200)
            console.print(f"{(back + 1) * (ROWS // DAYS):,} decisions", end="\r")
        await tables.execute(SESSION_ROWS, datetime.now(UTC), ROWS, SESSIONS, timeout=1200)
        await tables.execute("analyze telemetry.decision", timeout=1200)
        stored = await tables.fetchval("select sum(count) from telemetry.decision_hour")
        console.print(f"{int(stored):,} decisions stored, {DAYS} days")
        decision: str = await tables.fetchval("select decision_id from telemetry.decision where route = 1 limit 1")
        return decision, "session-7"
    finally:
        await tables.close()


def span_of(day: date) -> tuple[datetime, timedelta]:
    """A day's beginning, and how long it lasts by now."""
    begin = datetime.combine(day, clock_time(), UTC)
    return begin, min(timedelta(days=1), datetime.now(UTC) - begin)


def ask(http: str, token: str, pages: dict[str, str]) -> dict[str, list[float]]:
    """Milliseconds of each page, asked for in turn."""
    taken: dict[str, list[float]] = {name: [] for name in pages}
    with httpx.Client(
        base_url=http, headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=60
    ) as client:
        for number in range(ROUNDS + 1):
            for name, path in pages.items():
                began = time.perf_counter()
                reply = client.get(path)
                if reply.status_code != 200:
                    raise RuntimeError(f"{path}: {reply.status_code} {reply.text[:300]}")
                if number:
                    taken[name].append(1000 * (time.perf_counter() - began))
    return taken


async def bench(home: Path) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    with system(home) as run:
        decision, session = await fill(run.database_url)
        pages = {
            "now": "/",
            "advice": "/advice",
            "advice, said": "/advice?shown=said",
            "advice, a rare reason": "/advice?silence=deadline",
            "advice, one": f"/advice/{decision}",
            "health": "/levels",
            "health, thirty days": "/levels?span=30d",
            "sessions": "/sessions",
            "session": f"/sessions/{session}",
            "lessons": "/lessons",
        }
        taken = ask(run.http, local_token(home), pages)
    limits = [Limit(f"{name}, p95", percentile(times, 0.95), LIMIT_MS, "ms") for name, times in taken.items()]
    for name, times in taken.items():
        console.print(f"{name:<26} median {statistics.median(times):7.1f} ms")
    holds = show_limits(limits)
    keep("pages", {"decisions": ROWS, "p95_ms": {limit.what: limit.found for limit in limits}})
    return holds


def main() -> None:
    """Runs the benchmark in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        sys.exit(0 if uvloop.run(bench(Path(folder))) else 1)


if __name__ == "__main__":
    main()
