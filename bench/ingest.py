"""`make bench-ingest`: how fast telemetry takes a backlog out of the streams, on all that is here of cores.

Half of the events are moments, half decisions as hooks make them. One process carries telemetry, beside Postgres and
NATS, as on a laptop. The floor, in between, is what the same streams and tables allow without a line of Spark's: one
consumer that reads and acknowledges, and one COPY after the other. Exits with 1 when telemetry takes more than three
times as long as the two of them together.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import uvloop
from google.protobuf.message import Message
from nats.js.api import ConsumerConfig

from bench.processes import child
from bench.report import Limit, console, keep, show_limits
from chassis.bus import Bus
from chassis.events import event_type
from chassis.identifiers import digest, new_ulid
from chassis.tracing import new_traceparent
from host.engines import start_nats, start_postgres
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

EACH = 75_000
"""Of moments, and of decisions."""
SESSIONS = 200
PROJECTS = 20
TARGET = 15_000
"""Events a second that are to be taken from a backlog (issue of the dashboard)."""
LIMIT_FLOORS = 3.0
AT_ONCE = 500
FETCH = 500
PATIENCE_S = 120.0


def events(picker: random.Random, begun: datetime) -> list[Message]:
    """A day of many agents: each call is observed and decided about."""
    made: list[Message] = []
    for number in range(EACH):
        session = picker.randrange(SESSIONS)
        envelope = moment_pb2.Envelope(
            event_id=digest("bench", str(number)),
            workspace_id="local",
            project_id=f"{session % PROJECTS:016x}",
            session_id=f"session-{session}",
            client="claude-code",
            origin=moment_pb2.ORIGIN_LIVE,
            traceparent=new_traceparent(),
            schema_version=1,
            decision_id=new_ulid(),
        )
        envelope.occurred_at.FromDatetime(begun + timedelta(seconds=number * 0.5))
        envelope.observed_at.CopyFrom(envelope.occurred_at)
        call = moment_pb2.ToolCall(tool="Bash", target="pytest -q tests/unit", target_class="pytest", program="pytest")
        kind = moment_pb2.MOMENT_KIND_CALL_PROPOSED
        made.append(moment_pb2.MomentObserved(moment=moment_pb2.Moment(envelope=envelope, kind=kind, call=call)))
        said = picker.random() < 0.1
        decision = router_pb2.Decision(
            decision_id=envelope.decision_id,
            route=router_pb2.ROUTE_PACKET_EXACT if said else router_pb2.ROUTE_DETERMINISTIC,
            text="`pytest -q` failed here before; what worked: `pytest -q -p no:cacheprovider`" if said else "",
            silence=router_pb2.SILENCE_UNSPECIFIED if said else router_pb2.SILENCE_NO_LESSON,
            latency_us=400,
        )
        if said:
            decision.said.add(advice_id=f"{envelope.decision_id}-0", text=decision.text, score=0.7)
        latency = int(picker.lognormvariate(7.1, 0.4))
        made.append(
            router_pb2.AdviceDecided(
                envelope=envelope,
                kind=kind,
                tool="Bash",
                target="pytest -q tests/unit",
                decision=decision,
                hook_latency_us=latency,
            )
        )
    return made


async def fill(bus: Bus, made: list[Message]) -> None:
    """Publishes all of it, many at a time."""
    kinds = {type(event): event_type(type(event)) for event in made[:2]}
    for begin in range(0, len(made), AT_ONCE):
        await asyncio.gather(
            *(
                bus.publish(
                    kinds[type(event)].stream,
                    kinds[type(event)].subject_for("local", "project", "session"),
                    event.SerializeToString(),
                    {},
                    30.0,
                )
                for event in made[begin : begin + AT_ONCE]
            )
        )


async def taken(home: Path, postgres: str, nats: str) -> float:
    """Seconds in which telemetry stores the backlog, from the first rows that are seen to the last."""
    settings = {"SPARK_DATABASE_URL": postgres, "SPARK_NATS_URL": nats}
    with child("host.cli", "serve", "telemetry", "--http-port", "0", "--grpc-port", "0", home=home, settings=settings):
        tables = await asyncpg.connect(postgres)
        try:
            # Counted by the hour, which reads hundreds of rows; the rows themselves would slow down what is measured.
            count = """
                select (select coalesce(sum(count), 0) from telemetry.decision_hour)
                    + (select coalesce(sum(count), 0) from telemetry.moment_hour)
            """
            began, before = 0.0, 0
            give_up = time.perf_counter() + PATIENCE_S
            while time.perf_counter() < give_up:
                try:
                    seen = int(await tables.fetchval(count))
                except asyncpg.UndefinedTableError:
                    seen = 0
                now = time.perf_counter()
                if seen and not began:
                    began, before = now, seen
                if seen == 2 * EACH:
                    return (now - began) * 2 * EACH / (seen - before)
                await asyncio.sleep(0.05)
            raise RuntimeError("the backlog was not stored in time")
        finally:
            await tables.close()


async def floor(bus: Bus, postgres: str, made: list[Message]) -> float:
    """Seconds in which one bare consumer reads and acknowledges as many events, and bare COPYs store as many rows."""
    began = time.perf_counter()
    for stream in ("MOMENTS", "DECISIONS"):
        config = ConsumerConfig(max_ack_pending=4 * FETCH)
        subscription = await bus.jetstream.pull_subscribe("", durable="floor", stream=stream, config=config)
        left = EACH
        while left:
            messages = await subscription.fetch(min(FETCH, left), timeout=10)
            await asyncio.gather(*(message.ack() for message in messages))
            left -= len(messages)
        await bus.jetstream.delete_consumer(stream, "floor")
    read = time.perf_counter() - began
    tables = await asyncpg.connect(postgres)
    await tables.execute("create table public.floor (id text primary key, at timestamptz, name text, event bytea)")
    at, name = datetime.now(UTC), "pytest -q tests/unit"
    rows = [(f"{number}", at, name, event.SerializeToString()) for number, event in enumerate(made)]
    began = time.perf_counter()
    for begin in range(0, len(rows), FETCH):
        batch = rows[begin : begin + FETCH]
        await tables.copy_records_to_table("floor", schema_name="public", records=batch)
    wrote = time.perf_counter() - began
    await tables.execute("drop table public.floor")
    await tables.close()
    return read + wrote


@asynccontextmanager
async def engines(folder: Path) -> AsyncGenerator[tuple[str, str]]:
    """Postgres and NATS as Spark embeds them; gives their addresses."""
    postgres = await start_postgres(folder / "postgres", folder / "run")
    try:
        nats = await start_nats(folder / "nats", folder / "run")
        try:
            yield postgres.url, nats.url
        finally:
            await nats.stop()
    finally:
        await postgres.stop()


async def bench(folder: Path) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    made = events(random.Random(6), datetime.now(UTC) - timedelta(hours=12))
    async with engines(folder) as (postgres, nats):
        bus = await Bus.connect(nats)
        try:
            await bus.ensure_streams()
            await fill(bus, made)
            floors = [await floor(bus, postgres, made)]
            seconds = await taken(folder / "home", postgres, nats)
            floors.append(await floor(bus, postgres, made))
        finally:
            await bus.close()
    rate, ratio = 2 * EACH / seconds, seconds / min(floors)
    console.print(f"{2 * EACH:,} events in {seconds:.1f} s: {rate:,.0f} a second (target {TARGET:,}); floors {floors}")
    limits = [Limit("backlog beside a bare consumer and bare COPYs", ratio, LIMIT_FLOORS, "times")]
    holds = show_limits(limits)
    keep("ingest", {"events": 2 * EACH, "seconds": seconds, "rate": rate, "target": TARGET, "floors_s": floors})
    return holds


def main() -> None:
    """Runs the benchmark in a folder of its own."""
    if "SPARK_HOME" in os.environ:
        del os.environ["SPARK_HOME"]
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        sys.exit(0 if uvloop.run(bench(Path(folder))) else 1)


if __name__ == "__main__":
    main()
