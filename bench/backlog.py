"""`make bench-backlog`: how fast each service behind the hooks takes what waits for it, one process of each.

Events of a consumer go to one process at a time (ADR 18), so that this is the most that a fleet can take, however
many replicas answer its hooks. Agents work while nothing consumes; then the services are started one after the other,
each on the same backlog, and each is timed from its first event to its last.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import asyncpg
import psutil
import uvloop

from bench import store
from bench.fleet.cpu import cpu_seconds
from bench.fleet.crowd import ask
from bench.fleet.deployment import HOT, engines, serving
from bench.fleet_model.measured import record
from bench.hooks import ROOT
from bench.lessons import lesson_from, mistakes, today
from bench.processes import child
from bench.report import console
from chassis.bus import Bus
from chassis.identity import local_token
from gateway.repository import Repository

CONSUMERS = {
    "packets": ("packets-decisions", "packets-outcomes"),
    "memory": ("memory",),
    "prefetch": ("prefetch",),
    "telemetry": ("telemetry", "telemetry-moments"),
}
"""Those that hear of hooks. What prefetch asks itself to prepare comes after, and of it only the newest is done."""
KNOWN = 5_000
AGENTS = 8
SECONDS = 20.0
LOOK_EVERY_S = 0.05
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Pace:
    """Of one process: hooks a second, and milliseconds of CPU a hook."""

    rate: float
    cpu_ms: float


@dataclass(frozen=True)
class Backlog:
    """What was taken of `hooks` hooks."""

    hooks: int
    paces: dict[str, Pace]


async def bench(folder: Path) -> Backlog:
    """Lets agents work, then times each service."""
    known = list(islice(mistakes(), KNOWN))
    async with engines(folder) as urls:
        settings = {**urls, "SPARK_LOG_LEVEL": "ERROR"}
        connection = await asyncpg.connect(urls["SPARK_DATABASE_URL"])
        project_id, now = Repository(ROOT).project_id, today()
        lessons = [lesson_from(mistake, project_id, index, now) for index, mistake in enumerate(known)]
        await store.fill(connection, lessons, [project_id])
        await connection.close()
        home = folder / "spark"
        with serving(HOT, home, settings, "--only", "calls") as hot:
            port = int(hot.http.rpartition(":")[2])
            heard = await asyncio.to_thread(ask, port, local_token(home), known, "backlog", AGENTS, SECONDS)
        bus = await Bus.connect(urls["SPARK_NATS_URL"])
        paces: dict[str, Pace] = {}
        for service in CONSUMERS:
            ports = ("--http-port", "0", "--grpc-port", "0")
            with child("host.cli", "serve", service, *ports, home=home, settings=settings) as process:
                paces[service] = await taken(bus, psutil.Process(process.pid), service, heard.hooks)
        await bus.close()
    return Backlog(heard.hooks, paces)


async def taken(bus: Bus, process: psutil.Process, service: str, hooks: int) -> Pace:
    """Waits until a service that is starting has stored all that waits for it; counts from the first that it stores.

    Raises:
        TimeoutError: when that takes longer than five minutes.
    """
    parts = {service: [process]}
    begun: tuple[float, float, int] | None = None
    async with asyncio.timeout(PATIENCE_S):
        while True:
            waiting, done = await left(bus, service)
            now, cpu_s = time.perf_counter(), cpu_seconds(parts)[service]
            if begun is None and done:
                begun = now, cpu_s, done
            elif begun is not None and not waiting:
                break
            await asyncio.sleep(LOOK_EVERY_S)
    measured = hooks * (done - begun[2]) / done
    return Pace(measured / (now - begun[0]), 1000 * (cpu_s - begun[1]) / measured)


async def left(bus: Bus, service: str) -> tuple[int, int]:
    """How many events the consumers of a service have not stored, and how many they have."""
    waiting = done = 0
    for stream in await bus.jetstream.streams_info():
        for one in await bus.jetstream.consumers_info(stream.config.name or ""):
            if one.name in CONSUMERS[service]:
                waiting += (one.num_pending or 0) + (one.num_ack_pending or 0)
                done += one.ack_floor.consumer_seq if one.ack_floor else 0
    return waiting, done


def main() -> None:
    """Runs in a throw-away folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        found = uvloop.run(bench(Path(folder)))
    for service, pace in found.paces.items():
        console.print(f"{service}: {pace.rate:,.0f} hooks a second, {pace.cpu_ms:.2f} ms of CPU a hook")
    console.print(f"of {found.hooks:,} hooks; load {os.getloadavg()[0]:.1f}; kept in {record('backlog', found)}")


if __name__ == "__main__":
    main()
