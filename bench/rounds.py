"""Measures several things in turn, round by round, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Protocol


class Subject(Protocol):
    """Something whose time is taken."""

    @property
    def name(self) -> str:
        """What it is called in the report."""
        ...

    async def once(self) -> float:
        """Does it once; seconds that it took."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How often: `calls` in each of `rounds`, each after `idle_s` seconds of doing nothing."""

    rounds: int
    calls: int
    idle_s: float = 0.0

    @property
    def total(self) -> int:
        """Calls in all."""
        return self.rounds * self.calls


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds; each the median over the rounds of that round's own percentile."""

    p50: float
    p95: float
    p99: float
    calls: int
    p50_by_round: tuple[float, ...]

    def as_json(self) -> dict[str, object]:
        """For the record."""
        return asdict(self)


async def measured(subjects: Sequence[Subject], plan: Plan) -> dict[str, Figures]:
    """The figures of each subject by its name."""
    taken: dict[str, list[list[float]]] = {subject.name: [] for subject in subjects}
    gc.disable()  # A pause of this process is no property of those measured.
    try:
        for _ in range(plan.rounds):
            for subject in subjects:
                taken[subject.name].append(await one_round(subject, plan))
            gc.collect()
    finally:
        gc.enable()
    return {name: figures(rounds) for name, rounds in taken.items()}


async def one_round(subject: Subject, plan: Plan) -> list[float]:
    """Seconds of each call of one round."""
    seconds: list[float] = []
    for _ in range(plan.calls):
        if plan.idle_s:
            await asyncio.sleep(plan.idle_s)
        seconds.append(await subject.once())
    return seconds


def figures(rounds: Sequence[Sequence[float]]) -> Figures:
    """The percentiles of rounds."""

    def by_round(share: float) -> tuple[float, ...]:
        return tuple(1000 * percentile(seconds, share) for seconds in rounds)

    p50 = by_round(0.50)
    calls = sum(len(seconds) for seconds in rounds)
    return Figures(median(p50), median(by_round(0.95)), median(by_round(0.99)), calls, p50)


def times_over(figure: Figures, floors: Sequence[Figures]) -> float:
    """How many times the floors together; the median over the rounds, each held against its own floors."""
    together = zip(*(floor.p50_by_round for floor in floors), strict=True)
    return median(own / sum(parts) for own, parts in zip(figure.p50_by_round, together, strict=True))


def more_than(figure: Figures, floor: Figures) -> float:
    """How many milliseconds more than a floor; the median over the rounds, each held against its own floor."""
    return median(own - least for own, least in zip(figure.p50_by_round, floor.p50_by_round, strict=True))


def percentile(seconds: Sequence[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
