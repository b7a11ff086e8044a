"""`routes`: by which way moments that have something to say were answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from host.recordings.measures.model import DecidedMoment

PACKETS = frozenset({"packet_exact", "packet_relaxed"})
LIVE = "live"


@dataclass(frozen=True)
class Routes:
    """Counts over the applicable moments of one definition."""

    applicable: int
    packets: int
    """Answered out of packets, with at least one piece: a packet without one is no hit."""
    live: int
    said: int
    """At which something was said."""
    first_calls: int
    """Before the first call of a session."""
    first_calls_packets: int
    by_route: dict[str, int]


def routes(moments: Iterable[DecidedMoment], applicable: Callable[[DecidedMoment], bool]) -> Routes:
    """The routes of the moments that are applicable."""
    chosen = [moment for moment in moments if applicable(moment)]
    first = [moment for moment in chosen if moment.first_of_session]
    return Routes(
        applicable=len(chosen),
        packets=sum(map(is_hit, chosen)),
        live=sum(moment.route == LIVE for moment in chosen),
        said=sum(moment.said > 0 for moment in chosen),
        first_calls=len(first),
        first_calls_packets=sum(map(is_hit, first)),
        by_route=dict(Counter(moment.route for moment in chosen).most_common()),
    )


def is_hit(moment: DecidedMoment) -> bool:
    """Whether a moment was answered out of packets."""
    return moment.route in PACKETS and moment.pieces > 0


def has_piece(moment: DecidedMoment) -> bool:
    """Something was found for the moment, whether it was said or held back."""
    return moment.pieces > 0


def had_failed(moment: DecidedMoment) -> bool:
    """The like had failed before, as the recording itself shows."""
    return moment.lesson_in_history


def answered(moments: Sequence[DecidedMoment]) -> int:
    """Moments at which something was said, or there is a reason why not."""
    return sum(moment.answered for moment in moments)
