"""Fusion: the pieces of all sources for one moment as one ranked bundle without repetitions, each with its provenance.

What no source has is said too: a source that is silent is not the same as one that was not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from chassis.timestamps import to_datetime
from services.router.applicability import no_longer_true
from services.router.baseline import PREFIX, tip_for
from services.router.gate import Occasion, Piece, Source, score_of
from services.router.naming import named_by, suggested_by
from services.router.settings import Policy
from services.router.standing import USUAL_THRESHOLD, expected
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1 import router_pb2

FULL_MATCH = 10.0
"""Score of a lookup that leaves nothing to wish for: an exact key."""

FORECAST_CONTEXT = 0.5
"""How well a forecast fits: it names a class of calls, not the very one. Whether it is said at all is decided by its
probability and the noise that is allowed, where it is made."""
REMEDY_CONTEXT = 0.8
"""How well it fits what has just failed: the same group of calls, nearest examples first."""

SOURCES: dict[lesson_pb2.LessonKind.ValueType, Source] = {
    lesson_pb2.LESSON_KIND_FAILURE_FIX: Source.LESSON,
    lesson_pb2.LESSON_KIND_REPEATED_FAILURE: Source.LESSON,
    lesson_pb2.LESSON_KIND_USER_REJECTION: Source.PREFERENCE,
    lesson_pb2.LESSON_KIND_PROJECT_FACT: Source.PROJECT_FACT,
}

CERTAIN_OCCURRENCES = 3
CERTAIN_CONFIDENCE = 0.75
"""A failure seen three times, and never going well since, is sure enough to stop the call, where that is allowed."""

NOTHING_YET = packets_pb2.Counters()
ALWAYS_ASKED = (Source.LESSON, Source.PREFERENCE, Source.PROJECT_FACT, Source.THREAD)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is on offer at a moment, best first."""

    route: router_pb2.Route.ValueType
    pieces: Sequence[Piece]
    gate: packets_pb2.GateState
    lessons: dict[str, lesson_pb2.Lesson] = field(default_factory=dict[str, lesson_pb2.Lesson])
    absent: Sequence[Source] = ()


def fuse(
    moment: moment_pb2.Moment,
    found: packets_pb2.LookupResponse,
    remedies: prefetch_pb2.RemedyResponse | None,
    occasion: Occasion,
    policy: Policy,
    recalled: Sequence[Piece] | None = None,
) -> Bundle:
    """The bundle for a moment from what packets found, what was prepared, what is known of the failure, and what was
    said about it; None where a source was not asked, or did not answer."""
    pieces = [weighed(piece_of(item, moment), item.packet.counters, moment, found) for item in found.candidates]
    asked: list[Source] = list(ALWAYS_ASKED)
    if remedies is not None:
        asked.append(Source.OUTCOME)
        told = ((remedy_piece(packet, remedies.probability), packet.counters) for packet in remedies.packets)
        pieces += [weighed(piece, own, moment, found) for piece, own in told]
    if moment.kind != moment_pb2.MOMENT_KIND_CALL_PROPOSED:
        asked.append(Source.FORECAST)
        ahead = forecast_pieces(found.prepared)
        # What a user asks for is often not what the session was about to do: there a probability says less.
        prompt = moment.kind == moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED
        pieces += [weighed(piece, NOTHING_YET, moment, found) for piece in ahead] if prompt else ahead
    exact = any(piece.exact for piece in pieces)
    route = router_pb2.ROUTE_PACKET_EXACT if exact else router_pb2.ROUTE_PACKET_RELAXED
    if not pieces:
        route = router_pb2.ROUTE_DETERMINISTIC
        pieces = baseline_pieces(moment, policy)
    if recalled is not None:
        asked.append(Source.CONVERSATION)
        # The user's own words, asked for by the user: not weighed against what others of the kind led to.
        pieces += recalled
    ranked = sorted(pieces, key=lambda piece: score_of(piece, occasion), reverse=True)
    lessons = {candidate.packet.packet_id: candidate.packet.lesson for candidate in found.candidates}
    heard = {piece.source for piece in ranked}
    absent = sorted({source for source in asked if source not in heard}, key=lambda source: source.value)
    return Bundle(route, ranked, found.gate, lessons, absent)


def weighed(
    piece: Piece, own: packets_pb2.Counters, moment: moment_pb2.Moment, found: packets_pb2.LookupResponse
) -> Piece:
    """A piece judged by what came of it (`own`) and of its like: it must be as likely to be borne out as the least
    likely forecast for which the noise that is allowed leaves room.

    A lesson about the very failure that has just happened is always told.
    """
    failed = moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED
    if failed and piece.exact and piece.source is Source.LESSON:
        return piece
    share = expected(piece.source, own, moment.kind, found.standings, asked_for=piece.asked_for)
    return replace(piece, unlikely=piece.unlikely or share < (found.prepared.threshold or USUAL_THRESHOLD))


def piece_of(candidate: packets_pb2.Candidate, moment: moment_pb2.Moment) -> Piece:
    """A lesson's packet as the gate sees it."""
    packet = candidate.packet
    lesson, fix, named = packet.lesson, packet.lesson.fix, named_by(packet.lesson)
    fact = lesson.kind == lesson_pb2.LESSON_KIND_PROJECT_FACT
    exact = candidate.match == packets_pb2.MATCH_EXACT
    often = lesson.provenance.occurrences >= CERTAIN_OCCURRENCES and packet.confidence >= CERTAIN_CONFIDENCE
    return Piece(
        packet_id=packet.packet_id,
        text=packet.text,
        context=min(1.0, candidate.score / FULL_MATCH),
        confidence=packet.confidence,
        negative=not fact,
        source=SOURCES.get(lesson.kind, Source.LESSON),
        exact=exact,
        certain=exact and often and not fact and not lesson.worked_since,
        effectiveness=packet.effectiveness_score or 0.5,
        group=f"fact {lesson.purpose}" if fact else "",
        asked_for=fact and lesson.purpose in moment.prompt.asks_for,
        # A step before the same call works on the same target, and must still be said.
        remedy=fix.worked if fix.worked != lesson.target else "",
        names=keys(named),
        named=tuple(named),
        suggests=tuple(suggested_by(lesson)),
        untrue=no_longer_true(lesson, moment.project.root),
    )


def remedy_piece(packet: packets_pb2.Packet, probability: float) -> Piece:
    """What worked after failures like the one that just happened."""
    return made_ahead(packet, Source.OUTCOME, REMEDY_CONTEXT, probability, exact=True)


def forecast_pieces(prepared: packets_pb2.Preparation) -> list[Piece]:
    """What was prepared for this moment."""
    return [
        replace(
            made_ahead(
                prepared.packets[chance.packet], Source.FORECAST, FORECAST_CONTEXT, chance.probability, exact=False
            ),
            confidence=chance.probability,
            unlikely=chance.probability < prepared.threshold,
        )
        for branch in prepared.branches[:1]
        for chance in branch.chances
    ]


def made_ahead(packet: packets_pb2.Packet, source: Source, context: float, probability: float, *, exact: bool) -> Piece:
    """A packet that prefetch made."""
    failed_here = packet.lesson.provenance.HasField("last_seen")
    return Piece(
        packet_id=packet.packet_id,
        text=packet.text,
        context=context,
        confidence=packet.confidence,
        negative=True,
        source=source,
        exact=exact,
        effectiveness=packet.effectiveness_score or 0.5,
        probability=probability,
        names=keys(packet.names),
        named=tuple(packet.names),
        suggests=tuple(packet.suggests),
        news_at=to_datetime(packet.lesson.provenance.last_seen) if failed_here else None,
    )


def baseline_pieces(moment: moment_pb2.Moment, policy: Policy) -> list[Piece]:
    """What can be said without any packet: a general tip where the user wants those, else nothing."""
    failure = moment.outcome.failure_class
    tip = tip_for(failure) if policy.baseline else ""
    if not tip:
        return []
    return [Piece(PREFIX + failure, tip, context=0.5, confidence=0.3, negative=False, source=Source.BASELINE)]


def keys(names: Iterable[moment_pb2.FailureKey]) -> frozenset[str]:
    """Failures as texts that can be compared: tool and class of target; the way of failing is left to the words."""
    return frozenset(f"{name.tool}|{name.target_class}" for name in names)
