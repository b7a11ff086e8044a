"""What came of a project's pieces by their source and occasion: a new piece is as good as its like have been. Pure.

How good they are is remembered for long; how much noise they make, in a rate of lately.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from services.packets.outcomes import FOLLOWED_WORKED, IGNORED_FAILED, IGNORED_FINE, State
from spark.packets.v1 import standing_pb2
from spark.router.v1 import router_pb2

AGED_AT = 2000.0
"""Calls after which these and the idle pieces among them are halved: some weeks of a busy project."""
PIECES_AT_MOST = 200.0
"""Pieces of a kind after which their counts are halved: enough to tell a share of one in twenty from one in ten."""

USUAL_IDLE = 2.0
"""Idle pieces other than forecasts for each 100 calls, between two recordings; what is counted outweighs it."""
USUAL_WEIGHT = 300.0
"""Calls that the usual counts for."""

Occasion = standing_pb2.Occasion.ValueType
Source = router_pb2.Source.ValueType
Kind = tuple[Occasion, Source]
"""When a piece is said, and where it comes from."""


@dataclass(frozen=True, slots=True)
class Came:
    """A piece of which it is known what came."""

    kind: Kind
    borne_out: bool


@dataclass(slots=True)
class Standing:
    """Counts of one project."""

    calls: float = 0.0
    idle: float = 0.0
    """Pieces other than forecasts of which nothing came, lately."""
    kinds: dict[Kind, list[float]] = field(default_factory=dict[Kind, list[float]])
    """Borne out, and idle."""

    def count(self, calls: int, pieces: Iterable[Came]) -> None:
        """Adds what came back."""
        self.calls += calls
        for piece in pieces:
            counts = self.kinds.setdefault(piece.kind, [0.0, 0.0])
            counts[not piece.borne_out] += 1.0
            if sum(counts) > PIECES_AT_MOST:
                self.kinds[piece.kind] = [count / 2 for count in counts]
            self.idle += not piece.borne_out and piece.kind[1] != router_pb2.SOURCE_FORECAST
        while self.calls > AGED_AT:
            self.calls /= 2
            self.idle /= 2

    def on(self, occasion: Occasion) -> list[standing_pb2.Standing]:
        """The counts of one occasion, by source."""
        return [
            standing_pb2.Standing(occasion=when, source=source, borne_out=counts[0], idle=counts[1])
            for (when, source), counts in sorted(self.kinds.items())
            if when == occasion
        ]

    def idle_per_100_calls(self) -> float:
        """Idle pieces that were no forecasts, for each 100 calls."""
        return (100.0 * self.idle + USUAL_WEIGHT * USUAL_IDLE) / (self.calls + USUAL_WEIGHT)


BORNE_OUT = frozenset({FOLLOWED_WORKED, IGNORED_FAILED})


def came(kind: Kind, state: State) -> Came | None:
    """What became of a piece, as it is counted; None where that is not known, or not of which kind it was. What failed
    or was refused when it was followed was neither right nor idle."""
    if 0 in kind or (state not in BORNE_OUT and state != IGNORED_FINE):
        return None
    return Came(kind, borne_out=state in BORNE_OUT)


def dump_standing(standing: Standing) -> str:
    """As it is stored."""
    kinds = {f"{occasion}/{source}": counts for (occasion, source), counts in standing.kinds.items()}
    return orjson.dumps({"calls": standing.calls, "idle": standing.idle, "kinds": kinds}).decode()


def load_standing(body: str | None) -> Standing:
    """As it was stored; of a project of which nothing is, the beginning."""
    if body is None:
        return Standing()
    stored = orjson.loads(body)
    kinds: dict[Kind, list[float]] = {}
    for name, counts in stored["kinds"].items():
        occasion, _, source = name.partition("/")
        kinds[Occasion(int(occasion)), Source(int(source))] = counts
    return Standing(stored["calls"], stored["idle"], kinds)
