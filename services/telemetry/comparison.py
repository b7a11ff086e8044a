"""Advised sessions beside those of the control arm, and what can be said of the difference. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.telemetry.sequences import CALLS_AT_LEAST, SESSIONS_AT_LEAST, Interval, Rate, Sessions, interval, rate_of

LEAST_SHOWN = 0.05
"""Percentage points; less reads as none with one decimal."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The sessions of an arm that made a call, and how many pieces they were told, or would have been."""

    sessions: Sequence[Sessions]
    pieces: int


@dataclass(frozen=True, slots=True)
class Figures:
    """An arm in numbers."""

    rate: Rate
    pieces: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms, and where the difference of their failure rates lies; below zero, advice helps."""

    treatment: Figures
    control: Figures
    interval: Interval
    alpha: float

    @property
    def difference(self) -> float:
        """Failure rate of treatment less that of control; 0 while one of them has no call."""
        rates = self.treatment.rate, self.control.rate
        return rates[0].value - rates[1].value if all(rate.calls for rate in rates) else 0.0

    @property
    def enough(self) -> bool:
        """Whether a verdict can be given."""
        return self.treatment.rate.enough and self.control.rate.enough

    @property
    def verdict(self) -> str:
        """What can be said, in words and percentage points."""
        lower, upper = 100 * self.interval.lower, 100 * self.interval.upper
        if not self.enough:
            return f"too little to say: {shortage(self.treatment.rate, self.control.rate)}"
        if upper < 0:
            return f"advice lowers failures by {extent(-upper, -lower)}"
        if lower > 0:
            return f"advice does harm: it raises failures by {extent(lower, upper)}"
        return f"no difference larger than {max(-lower, upper):.1f} points"


def compare(treatment: Arm, control: Arm, alpha: float) -> Comparison:
    """Compares the arms with bounds that all looks together miss with chance `alpha`."""
    return Comparison(
        Figures(rate_of(treatment.sessions), treatment.pieces),
        Figures(rate_of(control.sessions), control.pieces),
        interval(treatment.sessions, control.sessions, alpha),
        alpha,
    )


def shortage(treatment: Rate, control: Rate) -> str:
    """How far the arms are from being compared."""
    sessions = min(treatment.sessions, control.sessions)
    calls = min(treatment.calls, control.calls)
    return (
        f"each arm needs {SESSIONS_AT_LEAST} sessions and {CALLS_AT_LEAST} calls, the lesser has {sessions} and {calls}"
    )


def extent(least: float, most: float) -> str:
    """From where to where, in percentage points."""
    return f"{least:.1f} to {most:.1f} points" if least >= LEAST_SHOWN else f"up to {most:.1f} points"
