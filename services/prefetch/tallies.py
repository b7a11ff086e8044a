"""Bounded counts of what followed what, and rates backed off from the special to the general. Pure.

A context that has been seen often forgets slowly: past `AGED_AT` sightings all of its counts are halved, so that what a
project does now outweighs what it did a year ago, and no count grows without end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from typing import Any

AGED_AT = 600.0
EVENTS_AT_MOST = 48
"""Different events kept in one context; the rarest go first."""

FLOOR = 1e-4
"""Probabilities nearer to 0 or 1 than this are taken for this, so that one surprise does not outweigh all else."""


@dataclass(slots=True)
class Tally:
    """How often a context was seen, and each event in it."""

    total: float = 0.0
    events: dict[str, float] = field(default_factory=dict[str, float])

    def see(self) -> None:
        """Counts the context once more; ages it first, so that no event counts more often than its context."""
        if self.total >= AGED_AT:
            self.total /= 2
            self.events = {event: count / 2 for event, count in self.events.items()}
        self.total += 1.0

    def add(self, event: str, mass: float = 1.0) -> None:
        """Counts an event in the context."""
        self.events[event] = self.events.get(event, 0.0) + mass
        if len(self.events) > EVENTS_AT_MOST:
            kept = sorted(self.events, key=self.events.__getitem__, reverse=True)[: EVENTS_AT_MOST * 3 // 4]
            self.events = {name: self.events[name] for name in kept}

    def count(self, event: str) -> float:
        """How often an event was seen in the context."""
        return self.events.get(event, 0.0)

    def as_json(self) -> list[Any]:
        """The tally as it is stored."""
        return [round(self.total, 3), {event: round(count, 3) for event, count in self.events.items()}]

    @classmethod
    def from_json(cls, stored: list[Any]) -> Tally:
        """The tally as it was stored."""
        return cls(float(stored[0]), dict(stored[1]))


Tallies = Mapping[str, Tally]


def witten_bell(tally: Tally | None, event: str, general: float) -> float:
    """Probability of an event in a context, backed off to a more general one.

    The weight of the context is n / (n + 1.2 t) with n sightings and t different events: the more kinds of events a
    context has shown, the less its own counts say of the next (Witten & Bell 1991, method C; 1.2 fitted on recordings).
    """
    if tally is None or tally.total <= 0.0:
        return general
    own = tally.total / (tally.total + 1.2 * len(tally.events))
    return (1.0 - own) * general + own * tally.count(event) / tally.total


def smoothed(tally: Tally | None, event: str, general: float, weight: float) -> float:
    """Rate of an event per sighting of a context, with `weight` sightings' worth of a more general rate."""
    if tally is None:
        return general
    return (tally.count(event) + weight * general) / (tally.total + weight)


def logit(probability: float) -> float:
    """Log-odds of a probability, bounded by `FLOOR`."""
    bounded = min(max(probability, FLOOR), 1.0 - FLOOR)
    return log(bounded / (1.0 - bounded))


def sigmoid(score: float) -> float:
    """Probability of log-odds."""
    bounded = min(max(score, -12.0), 12.0)
    return 1.0 / (1.0 + exp(-bounded))
