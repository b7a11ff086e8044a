"""Decisions, advice and all else of a window in numbers. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.telemetry.buckets import percentile
from spark.packets.v1 import advice_pb2
from spark.router.v1 import router_pb2

PERCENTILES = (0.5, 0.9, 0.95, 0.99)

PACKETS = frozenset({router_pb2.ROUTE_PACKET_EXACT, router_pb2.ROUTE_PACKET_RELAXED})
CUT_SHORT = frozenset({router_pb2.SILENCE_DEADLINE, router_pb2.SILENCE_STORE_UNAVAILABLE})
NOT_FOR_SAYING = CUT_SHORT | {
    router_pb2.SILENCE_NO_LESSON,
    router_pb2.SILENCE_NOT_APPLICABLE,
    router_pb2.SILENCE_EMIT_OFF,
    router_pb2.SILENCE_ENGINE_OFF,
    router_pb2.SILENCE_CONTROL_ARM,
    router_pb2.SILENCE_CLAIMED_ELSEWHERE,
}
"""Silences at which nothing could be said, or nothing was to be. slo.yaml leaves out the same of the metrics."""

UNDECIDED = frozenset({advice_pb2.ADVICE_STATE_OPEN, advice_pb2.ADVICE_STATE_UNKNOWN})
UNWELCOME = frozenset({advice_pb2.VERDICT_NOT_HELPFUL, advice_pb2.VERDICT_TOO_NOISY})


@dataclass(frozen=True, slots=True)
class Cell:
    """Decisions that are alike, and how many they are."""

    kind: int
    route: int
    silence: int
    said: bool
    found: bool
    bucket: int
    count: int

    @property
    def applicable(self) -> bool:
        """Whether a piece was found that was to be said."""
        return self.found and self.silence not in NOT_FOR_SAYING


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of a hook's latency, in microseconds."""

    p50: int = 0
    p90: int = 0
    p95: int = 0
    p99: int = 0


@dataclass(frozen=True, slots=True)
class Latency:
    """How long hooks took; `kind` and `route` are 0 where all are meant."""

    kind: int
    route: int
    count: int
    percentiles: Percentiles


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions of a window. Routes and silences by the contract's numbers."""

    decisions: int = 0
    said: int = 0
    routes: Mapping[int, int] = field(default_factory=dict[int, int])
    silences: Mapping[int, int] = field(default_factory=dict[int, int])
    buckets: Mapping[int, int] = field(default_factory=dict[int, int])
    """How many had a latency of which bucket."""
    latencies: tuple[Latency, ...] = ()
    """First all together, then by kind, by route and by both, the most frequent first."""
    exact: bool = False
    """Whether percentiles are latencies that did occur; else they are edges of buckets."""
    applicable: int = 0
    advised: int = 0
    """Of those applicable, told to the agent now or lately."""
    from_packets: int = 0
    live: int = 0
    cut_short: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """Advice given in a window, by the contract's numbers of its state and of the user's word."""

    outcomes: Mapping[int, int] = field(default_factory=dict[int, int])
    verdicts: Mapping[int, int] = field(default_factory=dict[int, int])
    useful: int = 0
    judged: int = 0


@dataclass(frozen=True, slots=True)
class Generations:
    """Calls of an engine for a purpose; `cost` in millionths of a US dollar."""

    engine: str
    purpose: str
    count: int
    input_tokens: int
    output_tokens: int
    cost: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A window."""

    decided: Decided = field(default_factory=Decided)
    judged: Judged = field(default_factory=Judged)
    sessions: int = 0
    first_calls: int = 0
    first_calls_packets: int = 0
    generations: tuple[Generations, ...] = ()
    faults: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """By component and reason."""
    moments: Mapping[int, int] = field(default_factory=dict[int, int])


def decided_in(cells: Iterable[Cell], exact: Iterable[Latency] = ()) -> Decided:
    """Adds up cells. `exact` are the latencies as they were, of the same decisions; without them, edges of buckets."""
    routes, silences, buckets = Counter[int](), Counter[int](), Counter[int]()
    groups: dict[tuple[int, int], Counter[int]] = defaultdict(Counter)
    said = applicable = advised = from_packets = live = cut_short = 0
    for cell in cells:
        count = cell.count
        routes[cell.route] += count
        buckets[cell.bucket] += count
        # Each group once, also where a kind or a route is 0 itself.
        for group in {(0, 0), (cell.kind, 0), (0, cell.route), (cell.kind, cell.route)}:
            groups[group][cell.bucket] += count
        if cell.silence:
            silences[cell.silence] += count
        said += count * cell.said
        cut_short += count * (cell.silence in CUT_SHORT)
        if cell.applicable:
            applicable += count
            advised += count * (cell.said or cell.silence == router_pb2.SILENCE_SHOWN_RECENTLY)
            from_packets += count * (cell.route in PACKETS)
            live += count * (cell.route == router_pb2.ROUTE_LIVE)
    latencies = list(exact) or [
        Latency(*group, counts.total(), percentiles(counts)) for group, counts in groups.items()
    ]
    return Decided(
        decisions=routes.total(),
        said=said,
        routes=routes,
        silences=silences,
        buckets=buckets,
        latencies=tuple(sorted(latencies, key=place_of)),
        exact=bool(exact),
        applicable=applicable,
        advised=advised,
        from_packets=from_packets,
        live=live,
        cut_short=cut_short,
    )


def percentiles(counts: Mapping[int, int]) -> Percentiles:
    """The percentiles of latencies by bucket."""
    return Percentiles(*(percentile(counts, share) for share in PERCENTILES))


def place_of(latency: Latency) -> tuple[int, int, int, int]:
    """Where a latency stands among others."""
    depth = 2 * bool(latency.kind) + bool(latency.route)
    return ({0: 0, 2: 1, 1: 2, 3: 3}[depth], -latency.count, latency.kind, latency.route)


def judged_in(counts: Mapping[tuple[int, int], int]) -> Judged:
    """Adds up advice by state and verdict."""
    outcomes, verdicts = Counter[int](), Counter[int]()
    useful = judged = 0
    for (state, verdict), count in counts.items():
        outcomes[state] += count
        if verdict:
            verdicts[verdict] += count
        if state not in UNDECIDED or verdict:
            judged += count
            worked = state == advice_pb2.ADVICE_STATE_FOLLOWED_WORKED or verdict == advice_pb2.VERDICT_HELPFUL
            useful += count * (worked and verdict not in UNWELCOME)
    return Judged(outcomes, verdicts, useful, judged)
