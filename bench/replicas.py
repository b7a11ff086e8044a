"""`make bench-replicas`: 1, 2 and 4 replicas of the hot path behind a balancer, at three sizes of the store.

Each replica (gateway, router, packets) is held to the same share of a core, so that what grows is their number and not
what the machine has left; everything else is in processes without a limit: one for each service behind, Postgres,
NATS, haproxy, and the agents, which are as many for each replica. Exits with 1 when two replicas answer less than 1.7
times as many hooks as one, when an answer takes longer than a hook's limit, or when nothing could be measured.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import asyncpg
import click
import uvloop
from rich.table import Table

from bench import store
from bench.fleet.balancer import NoBalancer
from bench.fleet.cpu import cpu_seconds
from bench.fleet.crowd import Heard, ask
from bench.fleet.deployment import BEHIND, Ground, ground, hot_path
from bench.fleet.quota import Hierarchy, NoQuota, hierarchy
from bench.fleet.waiting import drained
from bench.fleet_model.measured import record
from bench.hooks import ROOT
from bench.lessons import Mistake, lesson_from, mistakes, today
from bench.report import Limit, console, keep, show_limits
from chassis.identifiers import digest
from chassis.identity import local_token
from gateway.repository import Repository

REPLICAS = (1, 2, 4)
SIZES = (10_000, 100_000, 1_000_000)
IN_EACH = 5_000
"""Packets in a project; the store grows by projects, as a fleet's does."""
LIMIT_P95_MS = 250.0
"""A hook's own limit (SPARK_ADVISORY_MAX_MS): what is later is not waited for."""
SPEEDUP = 1.7
IDLE_S = 10.0
PARTS = ("hot", "postgres", "nats-server", "haproxy", *BEHIND)


@dataclass(frozen=True)
class Plan:
    """How it is measured."""

    cores: float
    agents: int
    """For each replica."""
    rounds: int
    seconds: float
    warm_up_s: float
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Round:
    """One round of one arm; CPU in milliseconds a hook, by part, above what it takes when nobody asks."""

    rate: float
    p50: float
    p95: float
    lost: int
    hooks: int
    advised: float
    cpu_ms: dict[str, float]
    drained_s: float


@dataclass(frozen=True)
class Arm:
    """The medians of the rounds of one number of replicas at one size of the store."""

    packets: int
    replicas: int
    rate: float
    p50: float
    p95: float
    lost: int
    hooks: int
    advised: float
    cpu_ms: dict[str, float]
    drained_s: float
    speedup: float
    """Over one replica at the same size: the median of the ratios of the rounds."""


@dataclass(frozen=True)
class Curve:
    """What the model of a fleet takes over."""

    plan: Plan
    arms: list[Arm]
    idle_cores: dict[str, float]
    """CPU of each part while nobody asks; of the hot path, of one replica."""


async def bench(folder: Path, plan: Plan) -> bool:
    """Measures, reports and keeps the record; whether the limits hold."""
    groups = hierarchy()
    known = list(islice(mistakes(), IN_EACH))
    arms: list[Arm] = []
    async with ground(folder) as on:
        connection = await asyncpg.connect(on.database_url)
        idle = await idle_cores(on, plan, groups)
        for size in plan.sizes:
            began = time.perf_counter()
            packets = await filled(connection, known, size)
            console.print(f"{packets:,} packets written in {time.perf_counter() - began:.0f} s")
            rounds: dict[int, list[Round]] = {replicas: [] for replicas in REPLICAS}
            for number in range(plan.rounds):
                for replicas in REPLICAS:
                    name = f"r{replicas}-{size}-{number}"
                    rounds[replicas].append(await one_round(on, replicas, plan, groups, known, name, idle))
            arms += [arm(packets, replicas, rounds) for replicas in REPLICAS]
        await connection.close()
    return concluded(Curve(plan, arms, idle))


async def idle_cores(on: Ground, plan: Plan, groups: Hierarchy) -> dict[str, float]:
    """CPU that each part takes while nobody asks, in cores."""
    with hot_path(on, 1, plan.cores, groups, "idle") as hot:
        await drained(on.bus)
        parts = {"hot": hot.replicas, "haproxy": [hot.balancer], **on.parts()}
        began, before = time.perf_counter(), cpu_seconds(parts)
        await asyncio.sleep(IDLE_S)
        after, seconds = cpu_seconds(parts), time.perf_counter() - began
    return {part: (after[part] - before[part]) / seconds for part in PARTS}


async def filled(connection: asyncpg.Connection, known: Sequence[Mistake], size: int) -> int:
    """Fills the store with so many packets, those of the agents' project among them; returns how many there are."""
    here, now = Repository(ROOT).project_id, today()
    lessons = [lesson_from(mistake, here, index, now) for index, mistake in enumerate(known)]
    others = [digest("project", str(number), size=8) for number in range(size // IN_EACH - 1)]
    await store.fill(connection, lessons, [here, *others])
    return int(await connection.fetchval("select count(*) from packets.packet"))


async def one_round(
    on: Ground,
    replicas: int,
    plan: Plan,
    groups: Hierarchy,
    known: Sequence[Mistake],
    name: str,
    idle: Mapping[str, float],
) -> Round:
    """Starts so many replicas, lets the agents work, and waits until all is learnt and recorded."""
    token, agents = local_token(on.home), plan.agents * replicas
    with hot_path(on, replicas, plan.cores, groups, name) as hot:
        ask(hot.port, token, known, f"{name}-warm", agents, plan.warm_up_s)
        await drained(on.bus)
        parts = {"hot": hot.replicas, "haproxy": [hot.balancer], **on.parts()}
        began, before = time.perf_counter(), cpu_seconds(parts)
        heard = ask(hot.port, token, known, name, agents, plan.seconds)
        stopped, calls = time.perf_counter(), cpu_seconds(parts)
        await drained(on.bus)
        drained_s = time.perf_counter() - stopped
        after = cpu_seconds(parts)
    cpu_s = {part: after[part] - before[part] - idle[part] * (stopped - began + drained_s) for part in PARTS}
    # What is behind ends later than the hooks; the hot path is idle by then.
    cpu_s["hot"] = calls["hot"] - before["hot"] - replicas * idle["hot"] * (stopped - began)
    return as_round(heard, cpu_s, drained_s)


def as_round(heard: Heard, cpu_s: dict[str, float], drained_s: float) -> Round:
    """What one round has shown."""
    return Round(
        heard.rate,
        heard.milliseconds(0.5),
        heard.milliseconds(0.95),
        heard.lost,
        heard.hooks,
        heard.advised / max(1, heard.proposed),
        {part: 1000 * seconds / heard.hooks for part, seconds in cpu_s.items()},
        drained_s,
    )


def arm(packets: int, replicas: int, rounds: dict[int, list[Round]]) -> Arm:
    """The medians of one arm's rounds."""
    own = rounds[replicas]
    ratios = [mine.rate / single.rate for mine, single in zip(own, rounds[1], strict=True)]
    return Arm(
        packets,
        replicas,
        median(one.rate for one in own),
        median(one.p50 for one in own),
        median(one.p95 for one in own),
        sum(one.lost for one in own),
        sum(one.hooks for one in own),
        median(one.advised for one in own),
        {part: median(one.cpu_ms[part] for one in own) for part in PARTS},
        median(one.drained_s for one in own),
        median(ratios),
    )


def concluded(curve: Curve) -> bool:
    """Shows and keeps the figures; whether the limits hold."""
    plan, arms = curve.plan, curve.arms
    table = Table(title=f"Replicas of {plan.cores:g} core each", title_justify="left", min_width=80, padding=(0, 0))
    for heading in ("packets", "n", "hooks/s", "times", "p50", "p95", "hot", "pg", "nats", "haproxy", "behind"):
        table.add_column(heading, justify="right")
    for one in arms:
        behind = sum(one.cpu_ms[name] for name in BEHIND)
        cpu = [*(f"{one.cpu_ms[part]:.2f}" for part in PARTS[: -len(BEHIND)]), f"{behind:.2f}"]
        figures = [f"{one.rate:.0f}", f"{one.speedup:.2f}", f"{one.p50:.0f}", f"{one.p95:.0f}"]
        table.add_row(f"{one.packets:,}", str(one.replicas), *figures, *cpu)
    console.print(table)
    console.print("p50, p95: ms of a hook; the last five columns: ms of CPU a hook")
    shares = ", ".join(f"{name} {median(one.cpu_ms[name] for one in arms):.2f}" for name in BEHIND)
    console.print(f"behind, of that: {shares}")
    console.print(f"when nobody asks, {sum(curve.idle_cores.values()):.3f} cores in all, one replica's among them")
    told, lost, hooks = min(one.advised for one in arms), sum(one.lost for one in arms), sum(one.hooks for one in arms)
    console.print(f"advice at {told:.0%} of the calls proposed or more; lost {lost} of {hooks:,} hooks")
    console.print(f"behind it all was stored {max(one.drained_s for one in arms):.1f} s after the last hook at most")
    console.print(f"load {os.getloadavg()[0]:.1f}")
    limits = [
        Limit(f"one replica's rate over two's, {one.packets:,} packets", 1 / one.speedup, 1 / SPEEDUP, "times")
        for one in arms
        if one.replicas == 2
    ]
    limits.append(Limit("p95 of any arm", max(one.p95 for one in arms), LIMIT_P95_MS, "ms"))
    path = keep(
        "replicas",
        {
            "plan": asdict(plan),
            "arms": [asdict(one) for one in arms],
            "idle_cores": curve.idle_cores,
            "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits],
        },
    )
    held = show_limits(limits)
    console.print(f"kept in {path}")
    if {one.packets for one in arms} >= set(SIZES):
        console.print(f"and for the model of a fleet in {record('replicas', curve)}")
    return held


@click.command()
@click.option("--cores", default=0.125, show_default=True, help="CPU of each replica.")
@click.option("--agents", default=4, show_default=True, help="Agents for each replica.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of each arm.")
@click.option("--seconds", default=6.0, show_default=True, help="How long a round lasts.")
@click.option("--size", "sizes", type=int, multiple=True, default=SIZES, show_default=True, help="Packets stored.")
def main(cores: float, agents: int, rounds: int, seconds: float, sizes: tuple[int, ...]) -> None:
    """Runs in a throw-away folder."""
    plan = Plan(cores, agents, rounds, seconds, seconds / 3, sizes)
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        try:
            held = uvloop.run(bench(Path(folder), plan))
        except (NoQuota, NoBalancer) as error:
            console.print(f"NOT MEASURED HERE: {error}")
            held = False
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
