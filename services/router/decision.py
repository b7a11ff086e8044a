"""The decision at one moment: routes in their order, the gate, and the claim that makes it safe for two replicas."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import grpc
from grpc.aio import AioRpcError
from prometheus_client import Counter

from chassis.calls import CallContext
from chassis.timestamps import to_datetime
from services.router.arms import assign
from services.router.bundle import Bundle, fuse
from services.router.gate import Judged, Occasion, Seen, judge, may_refuse, within
from services.router.live import Live
from services.router.recollection import ASKED_AT, Recollection
from services.router.settings import Policy
from services.router.wording import advice_of, text_of
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2, packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub
    from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceAsyncStub

ATTEMPTS = 3
"""Parallel calls of one step meet at the gate; each that comes second looks again."""

REMEDY_SHARE = 0.5
"""Share of the time left that looking for a remedy may take; without it the lessons are still told."""
REMEDY_SECONDS = 0.1

OUT_OF_USE = frozenset({advice_pb2.STAGE_RETIRED, advice_pb2.STAGE_WARNING})
"""Stages in which a remedy is not told: it did harm, or was never of use."""

CAN_SPEAK = frozenset(
    {
        moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED,
        moment_pb2.MOMENT_KIND_CALL_PROPOSED,
        moment_pb2.MOMENT_KIND_CALL_SUCCEEDED,
        moment_pb2.MOMENT_KIND_CALL_FAILED,
    }
)

PIECES = Counter("spark_advice_pieces", "Pieces of advice said, by where they came from", ["source"])


class Decider:
    """Decides. Keeps nothing: what it must know comes with the moment, from packets, or from prefetch."""

    def __init__(
        self,
        packets: PacketsServiceAsyncStub,
        prefetch: PrefetchServiceAsyncStub,
        live: Live,
        recollection: Recollection | None,
        policy: Policy,
    ) -> None:
        """Without a `recollection` no conversation is asked."""
        self._packets = packets
        self._prefetch = prefetch
        self._live = live
        self._recollection = recollection
        self._policy = policy

    async def decide(self, moment: moment_pb2.Moment, call: CallContext) -> router_pb2.Decision:
        """The decision at a moment; silence with a reason where nothing can or should be said."""
        started = time.perf_counter()
        decision = await self._decide(moment, call)
        # After the claim, so that the gate goes on in both arms as if it had been shown.
        assign(decision, moment.envelope, self._policy)
        await self._live.word(decision, moment, call)
        count_said(decision)
        decision.decision_id = moment.envelope.decision_id
        decision.latency_us = int((time.perf_counter() - started) * 1e6)
        return decision

    async def _decide(self, moment: moment_pb2.Moment, call: CallContext) -> router_pb2.Decision:
        if not self._policy.engine:
            return silent(router_pb2.SILENCE_ENGINE_OFF)
        if moment.kind not in CAN_SPEAK:
            return silent(router_pb2.SILENCE_NOT_APPLICABLE)
        failed = moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED
        asking = asyncio.create_task(self._remedies(moment, call)) if failed else None
        mind = self._recollection if moment.kind in ASKED_AT else None
        recalling = asyncio.create_task(mind.pieces(moment, call)) if mind else None
        try:
            for _ in range(ATTEMPTS):
                found = await self._packets.Lookup(packets_pb2.LookupRequest(moment=moment))
                remedies = await asking if asking else None
                recalled = await recalling if recalling else None
                bundle = fuse(moment, found, remedies, occasion_of(moment), self._policy, recalled)
                decision, chosen = compose(bundle, moment, self._policy)
                if not chosen or not self._policy.emit:
                    return decision
                if await self._claimed(moment, bundle, chosen, refused=decision.refuse):
                    return decision
        except AioRpcError as error:
            late = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
            return silent(router_pb2.SILENCE_DEADLINE if late else router_pb2.SILENCE_STORE_UNAVAILABLE)
        finally:
            for task in (asking, recalling):
                if task is not None:
                    task.cancel()
        return silent(router_pb2.SILENCE_CLAIMED_ELSEWHERE)

    async def _remedies(self, moment: moment_pb2.Moment, call: CallContext) -> prefetch_pb2.RemedyResponse | None:
        """What is known of such failures; None where that cannot be told in time."""
        limit = call.patience(REMEDY_SECONDS, REMEDY_SHARE)
        try:
            found = await self._prefetch.Remedy(prefetch_pb2.RemedyRequest(moment=moment), timeout=limit)
            ids = [packet.packet_id for packet in found.packets]
            known = (await self._packets.Weigh(packets_pb2.WeighRequest(packet_ids=ids))).known if ids else ()
        except AioRpcError:
            return None
        return worth_telling(found, known)

    async def _claimed(
        self, moment: moment_pb2.Moment, bundle: Bundle, chosen: Sequence[Judged], *, refused: bool
    ) -> bool:
        packet_ids = [judged.piece.packet_id for judged in chosen]
        shown = moment_pb2.Moment(envelope=moment.envelope, kind=moment.kind)
        if moment.call.tool:
            shown.call.tool, shown.call.tool_use_id = moment.call.tool, moment.call.tool_use_id
        request = packets_pb2.ClaimRequest(
            moment=shown, version=bundle.gate.version, packet_ids=packet_ids, refused=refused
        )
        return (await self._packets.Claim(request)).granted


def worth_telling(
    found: prefetch_pb2.RemedyResponse, known: Iterable[packets_pb2.Worth]
) -> prefetch_pb2.RemedyResponse:
    """Remedies with what came of them before, without those that did harm or were never of use."""
    worth = {each.packet_id: each for each in known}
    told = prefetch_pb2.RemedyResponse(probability=found.probability)
    for packet in found.packets:
        before = worth.get(packet.packet_id)
        if before is not None:
            if before.stage in OUT_OF_USE:
                continue
            packet.effectiveness_score, packet.stage = before.effectiveness_score, before.stage
            packet.counters.CopyFrom(before.counters)
        told.packets.append(packet)
    return told


def occasion_of(moment: moment_pb2.Moment) -> Occasion:
    """The moment as the gate sees it."""
    return Occasion(
        tool=moment.call.tool,
        call=moment.call.tool_use_id,
        target=moment.call.target,
        at=to_datetime(moment.envelope.occurred_at),
        failure=moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED,
    )


def compose(bundle: Bundle, moment: moment_pb2.Moment, policy: Policy) -> tuple[router_pb2.Decision, list[Judged]]:
    """The decision that a bundle leads to, and the pieces that it says."""
    seen = seen_of(bundle.gate)
    if answered(moment, seen, policy):
        return silent(router_pb2.SILENCE_CLAIMED_ELSEWHERE), []
    judged = judge(bundle.pieces, occasion_of(moment), seen, policy)
    chosen = [item for item in judged if item.reason is None]
    held = [advice_of(item, bundle) for item in judged if item.reason is not None]
    decision = router_pb2.Decision(route=bundle.route, held=held, absent=[source.value for source in bundle.absent])
    if not chosen:
        decision.silence = held[0].silence if held else router_pb2.SILENCE_NO_LESSON
        return decision, []
    decision.said.extend(advice_of(item, bundle) for item in chosen)
    for place, advice in enumerate(decision.said, 1):
        advice.advice_id = f"{moment.envelope.decision_id}-{place}"
    if policy.emit:
        decision.text = text_of(chosen, policy)
        proposed = moment.kind == moment_pb2.MOMENT_KIND_CALL_PROPOSED
        decision.refuse = proposed and any(may_refuse(item, seen, policy) for item in chosen)
    else:
        decision.silence = router_pb2.SILENCE_EMIT_OFF
    return decision, chosen


def answered(moment: moment_pb2.Moment, seen: Seen, policy: Policy) -> bool:
    """Whether something was said at this very moment already: a client that runs the hooks of another one too tells
    of each moment twice, and hears of it once."""
    said_at = seen.packets.get(f"moment {moment.envelope.event_id}")
    return said_at is not None and within(to_datetime(moment.envelope.occurred_at), said_at, policy.shown_ttl_s)


def count_said(decision: router_pb2.Decision) -> None:
    """Counts the pieces that the agent is told; those withheld are none."""
    for advice in decision.said if decision.text else ():
        PIECES.labels(router_pb2.Source.Name(advice.source).removeprefix("SOURCE_").lower()).inc()


def seen_of(gate: packets_pb2.GateState) -> Seen:
    """The gate's state as the gate reads it."""
    packets = {item.key: to_datetime(item.at) for item in gate.shown}
    tools = {item.key: to_datetime(item.at) for item in gate.tools}
    return Seen(gate.emitted, packets, tools, frozenset(gate.unwanted))


def silent(reason: router_pb2.Silence.ValueType) -> router_pb2.Decision:
    """A decision made without any packet."""
    return router_pb2.Decision(route=router_pb2.ROUTE_DETERMINISTIC, silence=reason)
