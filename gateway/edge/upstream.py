"""The Spark that others share, asked over HTTPS by a gateway on a developer's machine.

What a hook shows is read, cleaned of secrets and reduced to moments here; they go out, and a decision comes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from chassis.breaker import Breaker, Circuit
from chassis.faults import ServiceUnavailable
from gateway.edge.link import Link, LinkError, Refused
from gateway.handling import Handled
from gateway.publisher import LOST
from spark.gateway.v1 import hooks_pb2
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

log = logging.getLogger(__name__)

IN_FLIGHT = 64
"""Hooks that may be under way at a time, most of them late; of one more the moments are lost."""
LOOK_EVERY_S = 20.0
"""So often it is asked whether it is there: the connection is open when a hook comes, and one that is gone is known."""
SLOW_FROM = 3
SLOW_S = 10.0
"""After so many late answers in a row no hook asks for one for so long: what happened goes out all the same."""
STOP_S = 1.0
"""Patience at the end with what is under way."""


class Upstream:
    """Has the moments of hooks handled there. Three failures in a row and it is left alone for a while, which grows to
    half a minute: a hook must not wait for what is away."""

    def __init__(self, link: Link, breaker: Breaker | None = None) -> None:
        self._link = link
        self._breaker = breaker or Breaker()
        self._under_way: set[asyncio.Task[hooks_pb2.TakeMomentsResponse]] = set()
        self._late_in_a_row = 0
        self._asks_from = 0.0
        self._trouble = ""

    async def handle(
        self, moments: Sequence[moment_pb2.Moment], answered: int | None, limit: float, started: float
    ) -> Handled:
        """Has the moments of one hook taken; what cannot be told in time is silence, and learnt from all the same."""
        del started
        if len(self._under_way) >= IN_FLIGHT or not self._may_send():
            LOST.labels("moment").inc(len(moments))
            return silent(moments, answered, router_pb2.SILENCE_STORE_UNAVAILABLE)
        asks = asyncio.get_running_loop().time() >= self._asks_from
        request = hooks_pb2.TakeMomentsRequest(moments=moments, answered=answered if asks else None)
        sending = asyncio.create_task(self._send(request), name="moments to the fleet")
        self._under_way.add(sending)
        sending.add_done_callback(partial(self._ended, len(moments)))
        if not asks:
            return silent(moments, answered, router_pb2.SILENCE_DEADLINE)
        await asyncio.wait({sending}, timeout=limit)
        if not sending.done():
            self._was_late()
            return silent(moments, answered, router_pb2.SILENCE_DEADLINE)
        self._late_in_a_row = 0
        if sending.cancelled() or sending.exception() is not None:
            return silent(moments, answered, router_pb2.SILENCE_STORE_UNAVAILABLE)
        taken = sending.result()
        return Handled(taken.decision if taken.HasField("decision") else None, taken.sequence)

    async def check(self) -> None:
        """Makes sure that it is there and takes moments from here.

        Raises:
            ServiceUnavailable: when it does not, or did not take those of the last hook; the message says why.
        """
        try:
            await self._link.greet()
        except LinkError as error:
            self._failed(error)
            raise self._unavailable(str(error)) from error
        if self._trouble:
            raise self._unavailable(f"{self._trouble} (at the last hook)")
        # What was away is there again, and the next hook need not find that out.
        self._breaker.begin_trial(self._breaker.trial_at)
        self._answered()

    async def close(self) -> None:
        """Gives what is under way a moment; what is not through by then is lost."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_S)
        for each in self._under_way:
            each.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _send(self, request: hooks_pb2.TakeMomentsRequest) -> hooks_pb2.TakeMomentsResponse:
        try:
            taken = await self._link.take(request)
        except Refused as error:
            # It answers: what it says is about this hook alone.
            self._answered()
            log.warning("a hook is refused", extra={"action": "moments_refused", "error": str(error)})
            raise
        except LinkError as error:
            self._failed(error)
            self._trouble = str(error) if error.by_reply else ""
            raise
        self._answered()
        return taken

    def _ended(self, moments: int, task: asyncio.Task[hooks_pb2.TakeMomentsResponse]) -> None:
        self._under_way.discard(task)
        if task.cancelled() or task.exception() is not None:
            LOST.labels("moment").inc(moments)

    def _may_send(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._breaker.circuit is Circuit.CLOSED or self._breaker.begin_trial(now)

    def _was_late(self) -> None:
        self._late_in_a_row += 1
        if self._late_in_a_row >= SLOW_FROM:
            log.warning("the fleet is slow", extra={"action": "fleet_slow"})
            self._asks_from = asyncio.get_running_loop().time() + SLOW_S

    def _answered(self) -> None:
        self._trouble = ""
        if self._breaker.circuit is Circuit.HALF_OPEN:
            log.info("the fleet answers again", extra={"action": "fleet_reached"})
        self._breaker.trial_succeeded()
        self._breaker.succeeded()

    def _failed(self, error: LinkError) -> None:
        closed, now = self._breaker.circuit is Circuit.CLOSED, asyncio.get_running_loop().time()
        self._breaker.trial_failed(now)
        self._breaker.failed(now)
        if closed and self._breaker.circuit is Circuit.OPEN:
            log.warning("the fleet does not answer", extra={"action": "fleet_unreachable", "error": str(error)})

    def _unavailable(self, why: str) -> ServiceUnavailable:
        return ServiceUnavailable(f"{self._link.url}: {why}")


def silent(moments: Sequence[moment_pb2.Moment], answered: int | None, why: router_pb2.Silence.ValueType) -> Handled:
    """Nothing is said, for a reason."""
    if answered is None:
        return Handled()
    decision_id = moments[answered].envelope.decision_id
    return Handled(router_pb2.Decision(decision_id=decision_id, route=router_pb2.ROUTE_DETERMINISTIC, silence=why))
