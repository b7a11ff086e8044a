"""From the gateway to the bus: moments, acknowledged before the reply; decisions, behind it."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from prometheus_client import Counter

from chassis.bus import Acknowledgement, Bus
from chassis.events import ONCE, event_type, headers
from chassis.faults import BusUnavailable
from chassis.timestamps import to_datetime
from chassis.tracing import trace_id
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

log = logging.getLogger(__name__)

OBSERVED = event_type(moment_pb2.MomentObserved)
DECIDED = event_type(router_pb2.AdviceDecided)

LOST = Counter("spark_events_lost", "Events that could not be published", ["event"])
for event in ("moment", "decision"):
    # A series that begins at its first loss shows no increase, so nobody would be told of that one.
    LOST.labels(event)

KINDS = {number: name.removeprefix("MOMENT_KIND_").lower() for name, number in moment_pb2.MomentKind.items()}
"""Last token of a moment's subject, so that who learns is not woken by what teaches nothing."""

WAITING_AT_MOST = 10_000
TOGETHER = 256
GATHER_S = 0.2
"""A decision for silence waits so long for others: whoever records them does so in one go, and out of the way of the
next hook (ADR 15)."""
ADVICE_S = 0.025
"""The same for one that gave advice: the calls after it tell what became of it."""
SECONDS = 2.0


class Publisher:
    """Publishes what the gateway sees and what was decided."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._decisions: asyncio.Queue[router_pb2.AdviceDecided] = asyncio.Queue(WAITING_AT_MOST)
        self._wanted = asyncio.Event()
        self._called = False
        self._task: asyncio.Task[None] | None = None

    async def moment(self, moment: moment_pb2.Moment, timeout: float, *, batch: str = "") -> Acknowledgement | None:
        """Publishes a moment; None when the bus cannot take it: then the moment is lost, counted, and nothing else.

        A moment that the bus had lately is dropped there. One that comes with a `batch` is dropped only where that same
        batch had it: what was forgotten must get through again.
        """
        envelope = moment.envelope
        place = (envelope.workspace_id, envelope.project_id, envelope.session_id)
        carried = headers(OBSERVED, envelope.event_id, to_datetime(envelope.occurred_at), envelope.traceparent)
        if batch:
            carried[ONCE] = f"{envelope.event_id}-{batch}"
        data = moment_pb2.MomentObserved(moment=moment).SerializeToString()
        try:
            subject = OBSERVED.subject_for(*place, KINDS[moment.kind])
            return await self._bus.publish(OBSERVED.stream, subject, data, carried, timeout)
        except BusUnavailable as error:
            LOST.labels("moment").inc()
            self._bus.faults.note("bus", "moment_lost", envelope.workspace_id, envelope.traceparent)
            log.warning("moment lost", extra={"action": "moment_lost", "error": error.message})
            return None

    def decision(self, decided: router_pb2.AdviceDecided) -> None:
        """Hands a decision over to be published behind the reply."""
        try:
            self._decisions.put_nowait(decided)
        except asyncio.QueueFull:
            self._lost(decided.envelope)
        if decided.decision.text and not self._called:
            self._called = True
            asyncio.get_running_loop().call_later(ADVICE_S, self._wanted.set)

    async def start(self) -> None:
        """Begins to publish decisions."""
        self._task = asyncio.create_task(self._run(), name="gateway decisions")

    async def flush(self) -> None:
        """Returns once every decision handed over is published or lost.

        Raises:
            TimeoutError: when that takes more than 2 s.
        """
        self._wanted.set()
        async with asyncio.timeout(SECONDS):
            await self._decisions.join()

    async def stop(self) -> None:
        """Publishes what waits, for at most 2 s, and ends."""
        with contextlib.suppress(TimeoutError):
            await self.flush()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            batch = [await self._decisions.get()]
            if self._decisions.qsize() < TOGETHER:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GATHER_S):
                        await self._wanted.wait()
            while len(batch) < TOGETHER and not self._decisions.empty():
                batch.append(self._decisions.get_nowait())
            if self._decisions.empty():
                self._wanted.clear()
                self._called = False
            await asyncio.gather(*(self._publish(decided) for decided in batch))
            for _ in batch:
                self._decisions.task_done()

    async def _publish(self, decided: router_pb2.AdviceDecided) -> None:
        envelope = decided.envelope
        place = (envelope.workspace_id, envelope.project_id, envelope.session_id)
        event_id = f"decision-{decided.decision.decision_id}"
        carried = headers(DECIDED, event_id, to_datetime(envelope.occurred_at), envelope.traceparent)
        try:
            data = decided.SerializeToString()
            await self._bus.publish(DECIDED.stream, DECIDED.subject_for(*place), data, carried, SECONDS)
        except BusUnavailable as error:
            self._lost(envelope)
            lost = {"action": "decision_lost", "error": error.message, "trace_id": trace_id(envelope.traceparent)}
            log.warning("decision lost", extra=lost)

    def _lost(self, envelope: moment_pb2.Envelope) -> None:
        LOST.labels("decision").inc()
        self._bus.faults.note("bus", "decision_lost", envelope.workspace_id, envelope.traceparent)
