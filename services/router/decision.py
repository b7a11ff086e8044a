"""The decision at one moment: routes in their order, the gate, and the claim that makes it safe for two replicas."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from grpc.aio import AioRpcError
from prometheus_client import Counter

from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub

from chassis.calls import CallContext
from chassis.timestamps import to_datetime
from services.router.baseline import PREFIX, tip_for
from services.router.gate import LABEL, Authority, Judged, Occasion, Piece, Reason, Seen, judge
from services.router.settings import Policy

LIVE_NEEDS_S = 1.8
"""Seconds that must be left for a model's answer (the original system's figure)."""

ATTEMPTS = 3
"""Parallel calls of one step meet at the gate; each that comes second looks again."""

FULL_MATCH = 10.0
"""Score of a lookup that leaves nothing to wish for: an exact key."""

CAN_SPEAK = frozenset(
    {
        moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED,
        moment_pb2.MOMENT_KIND_CALL_PROPOSED,
        moment_pb2.MOMENT_KIND_CALL_SUCCEEDED,
        moment_pb2.MOMENT_KIND_CALL_FAILED,
    }
)

SILENCES: dict[Reason, router_pb2.Silence.ValueType] = {
    Reason.COOLDOWN: router_pb2.SILENCE_COOLDOWN,
    Reason.SHOWN_RECENTLY: router_pb2.SILENCE_SHOWN_RECENTLY,
    Reason.SESSION_BUDGET: router_pb2.SILENCE_SESSION_BUDGET,
    Reason.LOW_AUTHORITY: router_pb2.SILENCE_LOW_AUTHORITY,
    Reason.DUPLICATE: router_pb2.SILENCE_DUPLICATE,
    Reason.NO_ROOM: router_pb2.SILENCE_NO_ROOM,
}

AUTHORITIES = {
    Authority.SILENT: router_pb2.AUTHORITY_SILENT,
    Authority.WHISPER: router_pb2.AUTHORITY_WHISPER,
    Authority.NOTE: router_pb2.AUTHORITY_NOTE,
    Authority.WARNING: router_pb2.AUTHORITY_WARNING,
}


PIECES = Counter("spark_advice_pieces", "Pieces of advice said, general tips apart from lessons", ["source"])


@dataclass(frozen=True, slots=True)
class Offer:
    """The pieces on offer at a moment, and the route by which they came."""

    route: router_pb2.Route.ValueType
    pieces: Sequence[Piece]
    lessons: dict[str, lesson_pb2.Lesson]
    gate: packets_pb2.GateState


class Decider:
    """Decides. Keeps nothing: what it must know comes with the moment or from packets."""

    def __init__(self, packets: PacketsServiceAsyncStub, policy: Policy) -> None:
        self._packets = packets
        self._policy = policy

    async def decide(self, moment: moment_pb2.Moment, call: CallContext) -> router_pb2.Decision:
        """The decision at a moment; silence with a reason where nothing can or should be said."""
        started = time.perf_counter()
        decision = await self._decide(moment)
        decision.decision_id = moment.envelope.decision_id
        decision.live_unavailable = live_unavailable(call)
        decision.latency_us = int((time.perf_counter() - started) * 1e6)
        return decision

    async def _decide(self, moment: moment_pb2.Moment) -> router_pb2.Decision:
        if not self._policy.engine:
            return silent(router_pb2.SILENCE_ENGINE_OFF)
        if moment.kind not in CAN_SPEAK:
            return silent(router_pb2.SILENCE_NOT_APPLICABLE)
        try:
            for _ in range(ATTEMPTS):
                offer = await self._offer(moment)
                decision, chosen = compose(offer, moment, self._policy)
                if not chosen or not self._policy.emit:
                    return decision
                if await self._claimed(moment, offer, chosen):
                    for item in chosen:
                        PIECES.labels("baseline" if item.piece.packet_id.startswith(PREFIX) else "lesson").inc()
                    return decision
        except AioRpcError as error:
            late = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
            return silent(router_pb2.SILENCE_DEADLINE if late else router_pb2.SILENCE_STORE_UNAVAILABLE)
        return silent(router_pb2.SILENCE_CLAIMED_ELSEWHERE)

    async def _offer(self, moment: moment_pb2.Moment) -> Offer:
        found = await self._packets.Lookup(packets_pb2.LookupRequest(moment=moment))
        return packet_offer(found) if found.candidates else baseline_offer(moment, found.gate, self._policy)

    async def _claimed(self, moment: moment_pb2.Moment, offer: Offer, chosen: Sequence[Judged]) -> bool:
        packet_ids = [judged.piece.packet_id for judged in chosen]
        shown = moment_pb2.Moment(envelope=moment.envelope, kind=moment.kind)
        if moment.call.tool:
            shown.call.tool, shown.call.tool_use_id = moment.call.tool, moment.call.tool_use_id
        request = packets_pb2.ClaimRequest(moment=shown, version=offer.gate.version, packet_ids=packet_ids)
        return (await self._packets.Claim(request)).granted


def packet_offer(found: packets_pb2.LookupResponse) -> Offer:
    """What the packets found offer; one exact packet makes the route exact."""
    exact = any(candidate.match == packets_pb2.MATCH_EXACT for candidate in found.candidates)
    route = router_pb2.ROUTE_PACKET_EXACT if exact else router_pb2.ROUTE_PACKET_RELAXED
    lessons = {candidate.packet.packet_id: candidate.packet.lesson for candidate in found.candidates}
    return Offer(route, [piece_of(candidate) for candidate in found.candidates], lessons, found.gate)


def baseline_offer(moment: moment_pb2.Moment, gate: packets_pb2.GateState, policy: Policy) -> Offer:
    """What can be said without any packet: a general tip where the user wants those, else nothing."""
    failure = moment.outcome.failure_class
    tip = tip_for(failure) if policy.baseline else ""
    pieces = [Piece(PREFIX + failure, tip, context=0.5, confidence=0.3, negative=False)] if tip else []
    return Offer(router_pb2.ROUTE_DETERMINISTIC, pieces, {}, gate)


def piece_of(candidate: packets_pb2.Candidate) -> Piece:
    """A candidate as the gate sees it."""
    packet = candidate.packet
    fix = packet.lesson.fix
    fact = packet.lesson.kind == lesson_pb2.LESSON_KIND_PROJECT_FACT
    return Piece(
        packet_id=packet.packet_id,
        text=packet.text,
        context=min(1.0, candidate.score / FULL_MATCH),
        confidence=packet.confidence,
        negative=not fact,
        group=f"fact {packet.lesson.purpose}" if fact else "",
        # A step before the same call works on the same target, and must still be said.
        remedy=fix.worked if fix.worked != packet.lesson.target else "",
    )


def compose(offer: Offer, moment: moment_pb2.Moment, policy: Policy) -> tuple[router_pb2.Decision, list[Judged]]:
    """The decision that an offer leads to, and the pieces that it says."""
    occasion = Occasion(
        tool=moment.call.tool,
        call=moment.call.tool_use_id,
        target=moment.call.target,
        at=to_datetime(moment.envelope.occurred_at),
        failure=moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED,
    )
    judged = judge(offer.pieces, occasion, seen_of(offer.gate), policy)
    chosen = [item for item in judged if item.reason is None]
    held = [advice_of(item, offer) for item in judged if item.reason is not None]
    decision = router_pb2.Decision(route=offer.route, held=held)
    if not chosen:
        decision.silence = held[0].silence if held else router_pb2.SILENCE_NO_LESSON
        return decision, []
    decision.said.extend(advice_of(item, offer) for item in chosen)
    if policy.emit:
        decision.text = text_of(chosen, policy.max_chars)
    else:
        decision.silence = router_pb2.SILENCE_EMIT_OFF
    return decision, chosen


def text_of(chosen: Sequence[Judged], limit: int) -> str:
    """What the agent is told, within the limit."""
    text = LABEL + "\n".join(item.piece.text for item in chosen)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def advice_of(judged: Judged, offer: Offer) -> router_pb2.Advice:
    """A piece as the decision records it."""
    piece = judged.piece
    lesson = offer.lessons.get(piece.packet_id)
    advice = router_pb2.Advice(
        packet_id=piece.packet_id, text=piece.text, authority=AUTHORITIES[judged.authority], score=judged.score
    )
    if judged.reason is not None:
        advice.silence = SILENCES[judged.reason]
    if lesson is not None:
        advice.lesson_id = lesson.lesson_id
        advice.kind = lesson.kind
        advice.provenance.CopyFrom(lesson.provenance)
    return advice


def seen_of(gate: packets_pb2.GateState) -> Seen:
    """The gate's state as the gate reads it."""
    packets = {item.key: to_datetime(item.at) for item in gate.shown}
    tools = {item.key: to_datetime(item.at) for item in gate.tools}
    return Seen(gate.emitted, packets, tools)


def silent(reason: router_pb2.Silence.ValueType) -> router_pb2.Decision:
    """A decision made without any packet."""
    return router_pb2.Decision(route=router_pb2.ROUTE_DETERMINISTIC, silence=reason)


def live_unavailable(call: CallContext) -> str:
    """Why no model was asked."""
    left = call.remaining()
    if left is not None and left < LIVE_NEEDS_S:
        return f"needs {LIVE_NEEDS_S:.1f} s, {left:.2f} s left"
    return "no inference engine"
