"""What becomes of the moments of a hook: they are published while one of them is decided on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from grpc import StatusCode
from grpc.aio import AioRpcError

from chassis.bus import Acknowledgement
from gateway.publisher import Publisher
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.router.v1.router_pb2_grpc import RouterServiceAsyncStub

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of them."""

    decision: router_pb2.Decision | None = None
    sequence: int = 0
    """Place of the last moment in the stream; 0 when none was published."""


class Handler(Protocol):
    """Handles moments here, or has another Spark do it."""

    async def handle(
        self, moments: Sequence[moment_pb2.Moment], answered: int | None, limit: float, started: float
    ) -> Handled:
        """Takes the moments of one hook, and decides on that at the place `answered`; None decides on none.

        `limit` is how long bus and router may take, in seconds, `started` the `perf_counter` of the hook's arrival.
        """
        ...


class HandlerHere:
    """Publishes to this Spark's bus and asks its router."""

    def __init__(self, publisher: Publisher, router: RouterServiceAsyncStub) -> None:
        self._publisher = publisher
        self._router = router

    async def handle(
        self, moments: Sequence[moment_pb2.Moment], answered: int | None, limit: float, started: float
    ) -> Handled:
        """Takes the moments of one hook."""
        publishing = asyncio.gather(*(self._publisher.moment(moment, limit) for moment in moments))
        decision = None if answered is None else await self._decide(moments[answered], limit)
        acknowledged = await publishing
        if decision is not None and answered is not None and (decision.text or not was_there(acknowledged[answered])):
            self._announce(moments[answered], decision, started)
        return Handled(decision, max((each.sequence for each in acknowledged if each), default=0))

    async def _decide(self, moment: moment_pb2.Moment, limit: float) -> router_pb2.Decision:
        try:
            answer = await self._router.Advise(router_pb2.AdviseRequest(moment=moment), timeout=limit)
        except AioRpcError as error:
            log.warning("no decision", extra={"action": "router_unreachable", "error": error.details()})
            late = error.code() == StatusCode.DEADLINE_EXCEEDED
            return router_pb2.Decision(
                decision_id=moment.envelope.decision_id,
                route=router_pb2.ROUTE_DETERMINISTIC,
                silence=router_pb2.SILENCE_DEADLINE if late else router_pb2.SILENCE_STORE_UNAVAILABLE,
            )
        return answer.decision

    def _announce(self, moment: moment_pb2.Moment, decision: router_pb2.Decision, started: float) -> None:
        decided = router_pb2.AdviceDecided(
            envelope=moment.envelope,
            kind=moment.kind,
            tool=moment.call.tool,
            target=moment.call.target,
            tool_use_id=moment.call.tool_use_id,
            decision=recorded(decision),
            hook_latency_us=int((time.perf_counter() - started) * 1e6),
        )
        self._publisher.decision(decided)


def recorded(decision: router_pb2.Decision) -> router_pb2.Decision:
    """A decision as others keep it: of what was said in a conversation only which entry that is, not its words.

    They would stay with the session that was told of them when the conversation is forgotten.
    """
    if all(advice.source != router_pb2.SOURCE_CONVERSATION for advice in (*decision.said, *decision.held)):
        return decision
    kept = router_pb2.Decision()
    kept.CopyFrom(decision)
    for advice in (*kept.said, *kept.held):
        if advice.source == router_pb2.SOURCE_CONVERSATION:
            advice.text = f"what was said to Spark ({advice.packet_id.rpartition(':')[2]})"
    if kept.text:
        # Whoever worded the whole, words of the conversation may be in it.
        kept.text = "\n".join(advice.text for advice in kept.said)
    return kept


def was_there(acknowledged: Acknowledgement | None) -> bool:
    """Whether a moment came before: silence at its second arrival is no decision that counts."""
    return acknowledged is not None and acknowledged.duplicate
