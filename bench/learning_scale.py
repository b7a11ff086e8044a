"""`make bench-learning`: what a hook costs while Spark learns, by how much it has learnt before.

Two Sparks, each a process with its own engines: one knows a thousand packets and lessons, the other a million packets
and 100,000 lessons of the same project, with counts, histories and examples in proportion. An agent works at each in
turn, back to back, while learning, prefetch and outcomes run behind. Exits with 1 when the 95th percentile of any kind
of hook is more than 1.5 times that of the small store. To fill the large store takes minutes; in a folder that is named
it stays for the next run.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import asyncpg
import grpc.aio
import uvloop
from google.protobuf.duration_pb2 import Duration

from bench.agent import KINDS, Agent
from bench.keep_alive import KeepAlive
from bench.learnt import counts, grow, learn, rest
from bench.lessons import Mistake, mistakes, today
from bench.processes import system
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Figures, figures
from chassis.identity import local_token
from host.home import Run
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub


@dataclass(frozen=True, slots=True)
class Size:
    """How much has been learnt: packets, lessons, and groups of calls that have failed."""

    packets: int
    lessons: int
    groups: int


KNOWN = 1_000
SMALL, LARGE = Size(1_000, 1_000, 10), Size(1_000_000, 100_000, 400)
"""Recordings of a month show some forty groups that fail in one project."""
WARM_UP_TURNS = 60
ROUNDS = 16
TURNS = 50
"""In each round: 50 prompts and failures, 110 calls proposed."""
LIMIT_RATIO = 1.5
PATIENCE_S = 60
PATIENT = {"SPARK_ADVISORY_MAX_MS": "5000"}
"""A hook that is late must show how late, not be cut off after 250 ms."""
FILLED = "filled"
ANY = "any hook"


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the two Sparks."""

    name: str
    run: Run
    token: str
    agent: Agent
    rounds: dict[str, list[list[float]]]
    """Seconds of the hooks of each round, by kind."""


async def bench(folder: Path) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    known = list(islice(mistakes(), KNOWN))
    async with AsyncExitStack() as open_now:
        small = await subject(open_now, folder / "small", known, SMALL)
        large = await subject(open_now, folder / "large", known, LARGE)
        subjects = (small, large)
        for each in subjects:
            one_round(each.agent, WARM_UP_TURNS)
            await caught_up(each)
        gc.disable()  # A pause of this process is no property of those measured.
        for _ in range(ROUNDS):
            for each in subjects:
                for kind, seconds in one_round(each.agent, TURNS).items():
                    each.rounds[kind].append(seconds)
            gc.collect()
        gc.enable()
        behind = {each.name: await caught_up(each) for each in subjects}
        return concluded(subjects, behind)


async def subject(open_now: AsyncExitStack, home: Path, known: Sequence[Mistake], size: Size) -> Subject:
    """A Spark that has learnt so much."""
    run = open_now.enter_context(system(home, PATIENT))
    token, began = local_token(home), time.perf_counter()
    connection = await asyncpg.connect(run.database_url)
    if not (home / FILLED).exists():
        await learn(run, token, known, today())
        await grow(connection, known, size.packets, size.lessons, size.groups, today())
        (home / FILLED).touch()
    await rest(connection)
    packets, lessons, groups = await counts(connection)
    await connection.close()
    took = time.perf_counter() - began
    console.print(f"{home.name}: {packets:,} packets, {lessons:,} lessons, {groups} groups that fail; {took:.0f} s")
    assert packets >= 0.9 * size.packets, "the packets are too few"
    assert lessons >= 0.8 * size.lessons, "the lessons are too few"
    host, _, port = run.http.removeprefix("http://").rpartition(":")
    headers = {"authorization": f"Bearer {token}", "user-agent": "bench"}
    client = KeepAlive(host, int(port), "/v1/hooks/claude-code", headers)
    open_now.callback(client.close)
    rounds: dict[str, list[list[float]]] = {kind: [] for kind in (*KINDS, ANY)}
    return Subject(f"{packets:,} packets", run, token, Agent(f"{home.name}-{began:.0f}", client, known), rounds)


def one_round(agent: Agent, turns: int) -> dict[str, list[float]]:
    """Seconds of the hooks of so many turns, by kind and of all together."""
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(turns):
        agent.work(taken)
    return {**taken, ANY: [seconds for each in taken.values() for seconds in each]}


async def caught_up(each: Subject) -> float:
    """Seconds until all that its agent did is learnt and prepared for."""
    began = time.perf_counter()
    settle = hooks_pb2.SettleRequest(
        sequence=each.agent.sequence, patience=Duration(seconds=PATIENCE_S), forecasts=True
    )
    async with grpc.aio.insecure_channel(each.run.grpc.removeprefix("grpc://")) as channel:
        metadata = (("authorization", f"Bearer {each.token}"),)
        await HooksServiceStub(channel).Settle(settle, metadata=metadata, timeout=2 * PATIENCE_S)
    return time.perf_counter() - began


def concluded(subjects: Sequence[Subject], behind: dict[str, float]) -> bool:
    """Shows and keeps the figures; whether the limit holds."""
    small, large = ({kind: figures(rounds) for kind, rounds in each.rounds.items()} for each in subjects)
    rows: dict[str, Figures] = {}
    for kind in (*KINDS, ANY):
        rows |= {f"{kind}, {each.name}": row[kind] for each, row in zip(subjects, (small, large), strict=True)}
    show_figures("Hooks while learning runs behind", rows)
    for each in subjects:
        shares = ", ".join(f"{kind} {tally.share:.0%}" for kind, tally in each.agent.tallies.items())
        console.print(f"{each.name}: advice at {shares}; caught up {behind[each.name]:.2f} s after the last hook")
    console.print(f"load {os.getloadavg()[0]:.1f}")
    limits = [
        Limit(f"{kind}, p95 over that of the small store", large[kind].p95 / small[kind].p95, LIMIT_RATIO, "times")
        for kind in KINDS
    ]
    keep(
        "learning_scale",
        {
            "ms": {name: row.as_json() for name, row in rows.items()},
            "caught_up_s": behind,
            "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits],
        },
    )
    return show_limits(limits)


def main() -> None:
    """Runs in a throw-away folder, or in the one that is named."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        held = uvloop.run(bench(Path(sys.argv[1] if len(sys.argv) > 1 else folder)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
