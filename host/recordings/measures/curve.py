"""Warned against noise: what would have been reached by saying only what was more probable.

Only what was delivered can be left out, so that a curve begins at the run's own setting and leads to less noise. A
piece without a probability is left out first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from host.recordings.measures.verdicts import Verdict
from host.recordings.measures.warning import IN_TIME

NOISE_MARKS = (1.0, 3.0, 5.0, 10.0)
"""Noise per 100 calls at which curves are read (definition of the measures)."""


@dataclass(frozen=True, slots=True)
class Point:
    """What is reached when everything below a probability is left unsaid."""

    threshold: float
    warned: float
    """Share of the repeated failures."""
    noise: float
    """Items per 100 calls."""
    delivered: int


def curve(judged: Sequence[Verdict], repeated: frozenset[int], calls: int) -> list[Point]:
    """One point for each probability, the highest threshold first; noise never falls along it."""
    ordered = sorted(judged, key=lambda verdict: -verdict.item.probability)
    points: list[Point] = []
    warned: set[int] = set()
    delivered = vain = 0
    for threshold, group in groupby(ordered, key=lambda verdict: verdict.item.probability):
        for verdict in group:
            delivered += 1
            vain += not verdict.borne_out
            if verdict.item.channel in IN_TIME:
                warned.update(repeated.intersection(verdict.warned))
        points.append(
            Point(threshold, len(warned) / len(repeated) if repeated else 0.0, 100 * vain / max(1, calls), delivered)
        )
    return points


def at_noise(points: Sequence[Point], noise: float) -> Point | None:
    """The point that warns most at no more than this noise; None where even the first is noisier."""
    return max((point for point in points if point.noise <= noise), key=lambda point: point.warned, default=None)
