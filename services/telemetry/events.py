"""What telemetry hears: every decision of the router."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.bus import Bus
from chassis.consumer import Consumer, Delivery
from chassis.events import event_type
from services.telemetry.metrics import measure
from services.telemetry.postgres import Decisions
from services.telemetry.watching import Watches
from services.telemetry.wire import decision_from
from spark.router.v1 import router_pb2

ADVICE_DECIDED = event_type(router_pb2.AdviceDecided)


class Recorder:
    """Records what it hears, counts it and shows it to those who watch; what it has heard before changes nothing."""

    def __init__(self, decisions: Decisions, watches: Watches) -> None:
        self._decisions = decisions
        self._watches = watches

    def consumer(self, bus: Bus) -> Consumer:
        """The consumer that feeds it."""
        kind = ADVICE_DECIDED
        return Consumer(bus, name="telemetry", stream=kind.stream, subjects=[f"{kind.subject}.>"], handler=self.record)

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """Stores the events of a batch, all or none.

        Raises:
            StoreUnavailable: when they cannot be stored now.
            DecodeError, InvalidArgument: for an event that can never be stored.
        """
        recorded = await self._decisions.add(decision_from(delivery.data) for delivery in deliveries)
        measure(recorded)
        self._watches.announce(recorded)
