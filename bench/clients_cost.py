"""`make bench-clients`: what hooks add to a tool call in the real Claude Code, Codex and Gemini CLI, driven headless.

A scripted model makes quick calls, each reading a small file. A step lasts from the model's answer with the call to the
client's next request, both seen by the model on loopback. Sessions take turns: without hooks, with `true` as the
command before and after each call, with the hooks that `spark hooks install` wires and a bare HTTP echo where Spark
should be, and with the same hooks and Spark; of Claude Code also with those before and after a call alone. Added is the
median step with hooks less the median step without, session beside session. Exits with 1 when a limit is broken.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import uvloop
from rich.table import Table

from bench.client_rigs import RIGS, Rig
from bench.client_sessions import (
    AROUND,
    NOTHING,
    SPARK,
    Arm,
    BadSession,
    arms_of,
    ends_of,
    replied_ms,
    session,
    unanswered,
)
from bench.processes import floor, system
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Figures, figures, more_than, percentile

ROUNDS = 6
CALLS = 50
WARM_UP = 5
"""First calls of each session that are not counted: the client loads what it needs for them."""
TENTH = 0.10
LIMIT_UNANSWERED = 0.02


@dataclass(frozen=True, slots=True)
class Result:
    """What one client took. `load` is that of the machine when it began."""

    rig: Rig
    steps: dict[str, Figures]
    quick: dict[str, float]
    """Milliseconds within which the fastest tenth of the steps was done, which other work disturbs least."""
    load: float
    unanswered: float
    replied_ms: float
    """From a hook's arrival in Spark to its reply, mean."""

    @property
    def added(self) -> dict[str, float]:
        """Milliseconds that each way of wiring adds to a step."""
        return {name: more_than(row, self.steps[NOTHING]) for name, row in self.steps.items() if name != NOTHING}

    @property
    def added_quick(self) -> dict[str, float]:
        """The same of the fastest tenth."""
        return {name: took - self.quick[NOTHING] for name, took in self.quick.items() if name != NOTHING}

    @property
    def limits(self) -> list[Limit]:
        """That of the hooks as they are installed, and where they are more, that of those around the call."""
        judged = [name for name in (SPARK, AROUND) if name in self.added]
        what = [(f"{self.rig.name}, added by {name}, p50", self.added[name]) for name in judged]
        return [Limit(name, found, self.rig.limit_ms, "ms") for name, found in what]


async def measured(rig: Rig, arms: Sequence[Arm], rounds: int) -> dict[str, list[list[float]]]:
    """Seconds of the steps of each way, session by session; sessions take turns, and each is the first in its turn."""
    taken: dict[str, list[list[float]]] = {arm.name: [] for arm in arms}
    for number in range(rounds):
        first = number % len(arms)
        for arm in (*arms[first:], *arms[:first]):
            taken[arm.name].append((await session(rig, arm.folder, CALLS))[WARM_UP:])
    return taken


async def bench(folder: Path, rigs: Sequence[Rig], rounds: int) -> bool:
    """Measures, reports and keeps the record; whether the limits hold."""
    home = folder / "spark"
    results: list[Result] = []
    with system(home) as running, floor("bench.echo_http") as echo:
        for rig in rigs:
            load = os.getloadavg()[0]
            arms = await arms_of(rig, folder / rig.name, running, home, echo)
            taken = await measured(rig, arms, rounds)
            steps = {name: figures(by_round) for name, by_round in taken.items()}
            quick = {name: 1000 * percentile(list(chain(*by_round)), TENTH) for name, by_round in taken.items()}
            late = unanswered(await ends_of(running.http, rig.name))
            result = Result(rig, steps, quick, load, late, await replied_ms(running.http, rig.name))
            if result.unanswered > LIMIT_UNANSWERED:
                raise BadSession(f"{result.unanswered:.0%} of the hooks of {rig.name} had no answer in time")
            show_figures(f"A step of {rig.name}, the machine's load at its start {load:.1f}", steps)
            results.append(result)
    return concluded(results)


def concluded(results: Sequence[Result]) -> bool:
    """Shows and keeps the figures; whether the limits hold."""
    title = "Added to a step, ms: p50 (and within which the fastest tenth is done)"
    table = Table(title=title, title_justify="left", min_width=80)
    table.add_column("")
    for result in results:
        table.add_column(result.rig.name, justify="right")
    for name in dict.fromkeys(name for result in results for name in result.added):
        cells = [f"{one.added[name]:.1f} ({one.added_quick[name]:.1f})" if name in one.added else "" for one in results]
        table.add_row(name, *cells)
    table.add_row("one reply of Spark's by itself, mean", *(f"{one.replied_ms:.1f}" for one in results))
    table.add_row("Spark's hooks at each call", *("\n".join(one.rig.fires) for one in results))
    console.print(table)
    limits = [limit for result in results for limit in result.limits]
    path = keep(
        "clients_cost",
        {
            "clients": {
                result.rig.name: {
                    "steps_ms": {name: row.as_json() for name, row in result.steps.items()},
                    "added_ms": result.added,
                    "added_to_the_fastest_tenth_ms": result.added_quick,
                    "hooks_at_each_call": list(result.rig.fires),
                    "load": result.load,
                    "unanswered": result.unanswered,
                    "replied_ms": result.replied_ms,
                }
                for result in results
            },
            "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits],
        },
    )
    console.print(f"load {os.getloadavg()[0]:.1f}; kept in {path.name}")
    return show_limits(limits)


def main() -> None:
    """Runs in a throw-away folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [rig.name for rig in RIGS]
    parser.add_argument("--client", action="append", choices=names, help="only this one; may be given again")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"sessions of each kind; {ROUNDS} by default")
    given = parser.parse_args()
    chosen: list[str] = given.client or names
    rigs = [rig for rig in RIGS if rig.name in chosen]
    missing = [rig.name for rig in rigs if rig.installed() is None]
    if missing:
        raise SystemExit(
            f"not installed in the version that tests/clients pins: {', '.join(missing)}; run `make clients`"
        )
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        began = time.perf_counter()
        held = uvloop.run(bench(Path(folder), rigs, given.rounds))
        console.print(f"{time.perf_counter() - began:.0f} s in all")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
