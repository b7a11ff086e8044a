"""How likely a piece is to be borne out, from what came of it and of its like in this project. Pure.

A forecast brings its probability. Of what memory or the failure itself brings to mind there is none, but a count of
how often such pieces were borne out on such an occasion: that is the prior (an empirical Bayes estimate), which the
piece's own outcomes move.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.router.gate import Source
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2, standing_pb2

ON_PROMPT, ON_RESULT, BEFORE_CALL, AT_FAILURE = 0.1, 0.2, 0.3, 0.35
"""Shares that are borne out while nothing is known of a project: about twice those of two recordings on prompts and on
results, where a small project's first lessons are all that it has, and about those of the same recordings elsewhere."""
ASKED_FOR = AT_FAILURE
"""For a command that a prompt asks for, more than for one of which it has words."""
WEIGHT = 20.0
"""Pieces that these count for."""
OWN_WEIGHT = 3.0
"""Outcomes of a piece itself that its like count for: a new lesson that is told on results is held back after five in
vain and none of use, on prompts after one."""

HELPFUL, UNHELPFUL, NOISY = 3.0, 4.0, 9.0
"""Outcomes that a user's word counts for: one "too noisy" silences a new lesson that is told ahead of calls, and fades
like the outcomes that would have done so."""

USUAL_THRESHOLD = 0.08
"""Where a moment brings no threshold of its project: between those of two recordings where three of five idle pieces in
100 calls are left for forecasts."""


def expected(
    source: Source,
    own: packets_pb2.Counters,
    kind: moment_pb2.MomentKind.ValueType,
    standings: Iterable[standing_pb2.Standing],
    *,
    asked_for: bool = False,
) -> float:
    """Probability that a piece is borne out, 0 to 1; `standings` are those of the moment's occasion, `asked_for` says
    that a prompt asks for just that."""
    borne_out = idle = 0.0
    for standing in standings:
        if standing.source == source.value:
            borne_out, idle = standing.borne_out, standing.idle
    prior = (WEIGHT * usually(kind, asked_for=asked_for) + borne_out) / (WEIGHT + borne_out + idle)
    for_it = own.followed_worked + own.ignored_failed + HELPFUL * own.helpful
    against = own.ignored_fine + own.followed_failed + own.rejected + UNHELPFUL * own.unhelpful + NOISY * own.noisy
    return (OWN_WEIGHT * prior + for_it) / (OWN_WEIGHT + for_it + against)


def usually(kind: moment_pb2.MomentKind.ValueType, *, asked_for: bool) -> float:
    """The share where nothing is known."""
    match kind:
        case moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED:
            return ASKED_FOR if asked_for else ON_PROMPT
        case moment_pb2.MOMENT_KIND_CALL_FAILED:
            return AT_FAILURE
        case moment_pb2.MOMENT_KIND_CALL_PROPOSED:
            return BEFORE_CALL
        case _:
            return ON_RESULT
