"""`python -m bench.arms`: how often the comparison of arms misleads one who keeps looking, and how soon it can speak.

Sessions are of very unlike length and their calls depend on each other. Exits with 1 when false alarms come more often
than asked for. The figures stand in docs/experiments.md.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
from dataclasses import dataclass
from itertools import product

from bench.report import Limit, console, show_limits
from services.telemetry.sequences import SESSIONS_AT_LEAST, Sessions, interval

ALPHA = 0.05
RUNS = 200
MEAN_CALLS = 60
LOOKED_AT_UNTIL = 400
LAST_SESSION = 1200
EFFECTS = ((0.5, -0.05), (0.06, -0.03), (0.06, -0.02))


@dataclass(frozen=True)
class World:
    """What sessions are like; `alike` is the correlation of the calls of one session."""

    rate: float
    share: float
    alike: float
    effect: float = 0.0


def session(picker: random.Random, rate: float, alike: float) -> Sessions:
    """A session of a length and of a failure rate of its own."""
    calls = int(picker.expovariate(1 / MEAN_CALLS)) + 1
    tightness = (1 - alike) / alike
    own = picker.betavariate(rate * tightness, (1 - rate) * tightness)
    return Sessions(calls, sum(picker.random() < own for _ in range(calls)))


def first_verdict(picker: random.Random, world: World, sessions: int) -> tuple[int, int] | None:
    """After how many sessions, and with how many calls in the lesser arm, zero is out of bounds; None for never."""
    arms: tuple[list[Sessions], list[Sessions]] = ([], [])
    for number in range(1, sessions + 1):
        control = picker.random() < world.share
        rate = world.rate if control else world.rate + world.effect
        arms[control].append(session(picker, rate, world.alike))
        if number >= 2 * SESSIONS_AT_LEAST and number % 4 == 0:
            seen = interval(*arms, ALPHA)
            if not seen.lower <= 0 <= seen.upper:
                return number, min(sum(one.calls for one in arm) for arm in arms)
    return None


def main() -> int:
    """Simulates and reports; returns the exit code."""
    picker = random.Random(1)
    alarms: list[float] = []
    for share, rate, alike in product((0.5, 0.1), (0.01, 0.06, 0.5), (0.02, 0.15)):
        world = World(rate, share, alike)
        found = sum(first_verdict(picker, world, LOOKED_AT_UNTIL) is not None for _ in range(RUNS))
        alarms.append(found / RUNS)
        console.print(f"no effect, rate {rate:.0%}, share {share}, correlation {alike}: misled in {found / RUNS:.1%}")
    for (rate, effect), share in product(EFFECTS, (0.5, 0.1)):
        runs = [first_verdict(picker, World(rate, share, 0.02, effect), LAST_SESSION) for _ in range(RUNS // 5)]
        sessions, calls = (statistics.median(run[place] if run else math.inf for run in runs) for place in (0, 1))
        console.print(
            f"{rate:.0%} to {rate + effect:.0%}, share {share}: half of the runs speak after {sessions:.0f} sessions, "
            f"{calls:,.0f} calls in the lesser arm; never in {runs.count(None) / len(runs):.0%}"
        )
    return 0 if show_limits([Limit("false alarms", max(alarms), ALPHA, "of runs")]) else 1


if __name__ == "__main__":
    sys.exit(main())
