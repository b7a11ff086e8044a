"""`make bench`: hooks over HTTP through the whole system, on 100,000 packets, beside floors measured in between.

Exits with 1 when a hook before a call takes too long: more than 2 ms at the median, or more than ten times what a bare
HTTP echo and a bare select take together.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import asyncpg
import grpc
import orjson
import psutil
import uvloop

from bench import echo_grpc, sessions, store
from bench.floors import SELECT, EchoGrpc, EchoHttp, Select
from bench.hooks import EVENTS, ROOT, Hooks, session_ids
from bench.keep_alive import KeepAlive
from bench.lessons import Mistake, lesson_from, mistakes, today
from bench.processes import floor, system
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Figures, Plan, Subject, measured, times_over
from chassis.identifiers import digest
from chassis.identity import local_token
from gateway.repository import Repository
from host.home import Run

PROJECTS = 20
IN_EACH = 5_000
"""100,000 packets in all."""

WARM_UP = Plan(rounds=1, calls=300)
BACK_TO_BACK = Plan(rounds=20, calls=150)
SPARSE = Plan(rounds=3, calls=24, idle_s=0.05)
"""A single agent's pace: every process has gone to sleep in between."""

LIMIT_MS = 2.0
LIMIT_FLOORS = 10.0
EMITTING = 0.5
"""Share of the measured moments at which advice must be given, else the figures flatter."""


async def bench(home: Path) -> bool:
    """Measures, reports and keeps the record; whether the limits hold."""
    async with AsyncExitStack() as open_now:
        run = open_now.enter_context(system(home))
        known = list(islice(mistakes(), IN_EACH))
        started = time.perf_counter()
        packet_ids, connection = await filled(open_now, run, known)
        console.print(f"{PROJECTS * IN_EACH:,} packets in {PROJECTS} projects, {time.perf_counter() - started:.0f} s")
        hooks = hook_subjects(open_now, run, home, known)
        floors = await floor_subjects(open_now, connection, packet_ids, hooks[0])
        subjects: list[Subject] = [*hooks, *floors]
        await measured(subjects, WARM_UP)
        spark = psutil.Process(run.pid)
        busy = cpu_seconds(spark)
        close = await measured(subjects, BACK_TO_BACK)
        cpu_ms = 1000 * (cpu_seconds(spark) - busy) / (len(hooks) * BACK_TO_BACK.total)
        sparse = await measured(subjects, SPARSE)
        recorded = await connection.fetchval("select count(*) from telemetry.decision")
        return concluded(close, sparse, hooks, cpu_ms, recorded)


async def filled(open_now: AsyncExitStack, run: Run, known: Sequence[Mistake]) -> tuple[list[str], asyncpg.Connection]:
    """Fills the store; gives the packets of the measured project and a connection."""
    connection = await open_now.enter_async_context(connected(run.database_url))
    here, now = Repository(ROOT).project_id, today()
    lessons = [lesson_from(mistake, here, index, now) for index, mistake in enumerate(known)]
    others = [digest("project", str(number), size=8) for number in range(PROJECTS - 1)]
    await store.fill(connection, lessons, [here, *others])
    packet_ids = [lesson.lesson_id for lesson in store.in_project(lessons, here)]
    ids = [each for event in EVENTS for each in session_ids(event, total_hooks())]
    await sessions.begin(connection, ids, here, packet_ids, now)
    return packet_ids, connection


def hook_subjects(open_now: AsyncExitStack, run: Run, home: Path, known: Sequence[Mistake]) -> list[Hooks]:
    """One for each event, each over a connection of its own as an agent has it."""
    host, _, port = run.http.removeprefix("http://").rpartition(":")
    headers = {"authorization": f"Bearer {local_token(home)}", "user-agent": "bench"}
    subjects: list[Hooks] = []
    for event in EVENTS:
        client = KeepAlive(host, int(port), "/v1/hooks/claude-code", headers)
        open_now.callback(client.close)
        subjects.append(Hooks(event, event, client, known))
    return subjects


async def floor_subjects(
    open_now: AsyncExitStack, connection: asyncpg.Connection, packet_ids: Sequence[str], hook: Hooks
) -> list[Subject]:
    """The floors, each with a server process of its own, fed with the body of a hook."""
    body = orjson.dumps(hook.payload(0))
    client = KeepAlive("127.0.0.1", open_now.enter_context(floor("bench.echo_http")), "/echo")
    open_now.callback(client.close)
    port = open_now.enter_context(floor("bench.echo_grpc"))
    channel = await open_now.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
    statement = await connection.prepare(SELECT)
    return [EchoHttp(client, body), Select(statement, packet_ids), EchoGrpc(channel.unary_unary(echo_grpc.PATH), body)]


def concluded(
    close: dict[str, Figures], sparse: dict[str, Figures], hooks: Sequence[Hooks], cpu_ms: float, recorded: int
) -> bool:
    """Shows and keeps the figures; whether the limits hold."""
    show_figures("Back to back", close)
    show_figures(f"Sparse: {1000 * SPARSE.idle_s:.0f} ms of silence before each", sparse)
    for subject in hooks:
        console.print(f"{subject.name}: advice at {subject.tally.share:.0%} of {subject.tally.hooks:,} moments")
    console.print(f"Spark took {cpu_ms:.2f} ms of CPU a hook, with all that comes behind the reply;")
    console.print(f"telemetry has recorded {recorded:,} decisions; load {os.getloadavg()[0]:.1f}")
    before_call, floors = close["PreToolUse"], (close["echo"], close["select"])
    limits = [
        Limit("PreToolUse back to back, p50", before_call.p50, LIMIT_MS, "ms"),
        Limit("the same over echo and select", times_over(before_call, floors), LIMIT_FLOORS, "times"),
        Limit("moments without advice", 1 - hooks[0].tally.share, 1 - EMITTING, "of all"),
    ]
    path = keep(
        "hot_path",
        {
            "packets": PROJECTS * IN_EACH,
            "back_to_back_ms": {name: row.as_json() for name, row in close.items()},
            "sparse_ms": {name: row.as_json() for name, row in sparse.items()},
            "advised": {subject.name: subject.tally.share for subject in hooks},
            "cpu_ms_per_hook": cpu_ms,
            "decisions_recorded": recorded,
            "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits],
        },
    )
    held = show_limits(limits)
    console.print(f"kept in {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return held


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection of our own to the embedded Postgres."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def total_hooks() -> int:
    """Hooks that each subject sends in all."""
    return WARM_UP.total + BACK_TO_BACK.total + SPARSE.total


def cpu_seconds(process: psutil.Process) -> float:
    """CPU that a process has taken."""
    times = process.cpu_times()
    return times.user + times.system


def main() -> None:
    """Runs in a throw-away data folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as home:
        held = uvloop.run(bench(Path(home)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
