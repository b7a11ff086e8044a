"""A window beside the service levels: measures, the weighted scorecard, and whether to go on. Pure.

Parts and weights are those of seed 000 §2, gates those of its §10; the levels stand in slo.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from chassis.service_levels import Level, levels
from services.telemetry.buckets import bounds, percentile
from services.telemetry.figures import Summary
from services.telemetry.intervals import Share, differs, wilson

PARTS: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "reliability": (0.35, ("hook_p95", "hook_p99", "error_rate")),
    "usefulness": (0.25, ("advised_share", "useful_share")),
    "prediction": (0.20, ("packet_share", "first_call_packets")),
    "safety": (0.10, ("answered_share",)),
    "operations": (0.10, ("recorded_share",)),
}
"""Of each part its weight, and what it is measured by."""

GATES = ("hook_p95", "packet_share", "live_share", "useful_share", "error_rate")
"""What must hold for three days. Where the seed asks for no critical regression, errors are counted."""

OUT_OF = 10.0

HOOK = "hook"
NO_ANSWER = frozenset({"late", "failed"})
"""How hooks end that came to no decision."""
EVENTS_LOST = ("bus", "decision_lost")


class Standing(Enum):
    """How a figure stands beside its level."""

    MET = 1
    MISSED = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure beside its level; `value` and its bounds are None where nothing was seen."""

    level: Level
    of: int
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    before: float | None = None
    differs: bool = False

    @property
    def standing(self) -> Standing:
        """Unknown where too little was seen to say."""
        if self.value is None or self.of < self.level.least:
            return Standing.UNKNOWN
        return Standing.MET if self.level.met(self.value) else Standing.MISSED


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the scorecard."""

    name: str
    weight: float
    measures: Sequence[Measure]

    @property
    def score(self) -> float | None:
        """The share of its measures that are met, of those that are known."""
        known = [measure.standing for measure in self.measures if measure.standing is not Standing.UNKNOWN]
        return known.count(Standing.MET) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition for going on: a measure over three days, and of each of them."""

    days: Sequence[Measure]
    whole: Measure

    @property
    def standing(self) -> Standing:
        """Missed when it is missed over all or on one day; met when it is met on each."""
        return all_of(measure.standing for measure in (self.whole, *self.days))


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A window and the three days to its end."""

    parts: Sequence[Part]
    gates: Sequence[Gate]

    @property
    def known(self) -> float:
        """The share of the weights that is known."""
        return sum(part.weight for part in self.parts if part.score is not None)

    @property
    def score(self) -> float | None:
        """Of ten: the parts by their weights, of those that are known."""
        total = sum(part.weight * part.score for part in self.parts if part.score is not None)
        return OUT_OF * total / self.known if self.known else None

    @property
    def go(self) -> Standing:
        """Whether all gates hold."""
        return all_of(gate.standing for gate in self.gates)


def scorecard(window: Summary, before: Summary, days: Sequence[Summary], whole: Summary) -> Scorecard:
    """The scorecard of a window beside the one before it, with the gates of the days, oldest first, and over all."""
    parts = [
        Part(name, weight, [measure(each, window, before) for each in names]) for name, (weight, names) in PARTS.items()
    ]
    gates = [Gate([measure(name, day) for day in days], measure(name, whole)) for name in GATES]
    return Scorecard(parts, gates)


def measure(name: str, window: Summary, before: Summary | None = None) -> Measure:
    """One figure of a window, with that of the window before."""
    level = levels()[name]
    if level.unit == "ms":
        return latency(level, {"hook_p95": 0.95, "hook_p99": 0.99}[name], window, before)
    share, earlier = SHARES[name](window), SHARES[name](before) if before else Share(0, 0)
    if not share.whole:
        return Measure(level, 0, before=earlier.value if earlier.whole else None)
    return Measure(
        level,
        share.whole,
        share.value,
        *wilson(share),
        before=earlier.value if earlier.whole else None,
        differs=differs(share, earlier),
    )


def latency(level: Level, share: float, window: Summary, before: Summary | None) -> Measure:
    """A percentile of a window in milliseconds. Two differ when their bounds do not meet."""
    counts = window.decided.buckets
    earlier: Mapping[int, int] = before.decided.buckets if before else {}
    known = percentile_of(before, share) if before and earlier else None
    if not counts:
        return Measure(level, 0, before=known)
    lower, upper = bounds(counts, share)
    apart = False
    if earlier:
        least, most = bounds(earlier, share)
        apart = lower > most or upper < least
    return Measure(level, sum(counts.values()), percentile_of(window, share), lower / 1000, upper / 1000, known, apart)


def percentile_of(window: Summary, share: float) -> float:
    """A percentile of a window in milliseconds: as it was, where that is known."""
    if window.decided.exact:
        whole = window.decided.latencies[0].percentiles
        return {0.95: whole.p95, 0.99: whole.p99}[share] / 1000
    return percentile(window.decided.buckets, share) / 1000


def unanswered(window: Summary) -> int:
    """Hooks that came to no decision."""
    return sum(count for (component, end), count in window.faults.items() if component == HOOK and end in NO_ANSWER)


def lost(window: Summary) -> int:
    """Decisions that could not be published."""
    return window.faults.get(EVENTS_LOST, 0)


SHARES: Mapping[str, Callable[[Summary], Share]] = {
    "error_rate": lambda of: Share(of.decided.cut_short + unanswered(of), of.decided.decisions + unanswered(of)),
    "advised_share": lambda of: Share(of.decided.advised, of.decided.applicable),
    "useful_share": lambda of: Share(of.judged.useful, of.judged.judged),
    "packet_share": lambda of: Share(of.decided.from_packets, of.decided.applicable),
    "live_share": lambda of: Share(of.decided.live, of.decided.applicable),
    "first_call_packets": lambda of: Share(of.first_calls_packets, of.first_calls),
    "answered_share": lambda of: Share(of.decided.decisions, of.decided.decisions + unanswered(of)),
    "recorded_share": lambda of: Share(of.decided.decisions, of.decided.decisions + lost(of)),
}


def all_of(standings: Iterable[Standing]) -> Standing:
    """Missed where one is missed, unknown where none is missed and one is unknown."""
    found = set(standings)
    return next((each for each in (Standing.MISSED, Standing.UNKNOWN) if each in found), Standing.MET)
