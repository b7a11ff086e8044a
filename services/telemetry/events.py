"""What telemetry hears: moments, decisions, what became of advice, generations and faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from chassis.bus import Bus
from chassis.consumer import Consumer, Delivery
from chassis.events import EventType, event_type
from services.telemetry.hearing import advice_from, decision_from, faults_from, generation_from, moment_from
from services.telemetry.metrics import measure
from services.telemetry.postgres import Decisions
from services.telemetry.records import Records
from services.telemetry.watching import Watches
from spark.fault.v1 import seen_pb2
from spark.inference.v1 import ended_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import judged_pb2
from spark.router.v1 import router_pb2

MOMENT_OBSERVED = event_type(moment_pb2.MomentObserved)
ADVICE_DECIDED = event_type(router_pb2.AdviceDecided)
ADVICE_JUDGED = event_type(judged_pb2.AdviceJudged)
GENERATION_ENDED = event_type(ended_pb2.GenerationEnded)
FAULT_SEEN = event_type(seen_pb2.FaultSeen)

BATCH = 500
"""Events stored at once out of a backlog: many of them are of the same hours and sessions, whose rows are then written
once for all."""
READ_AT_ONCE = 50
"""Events that are read without a pause: a millisecond or two."""

Kept = TypeVar("Kept")


class Recorder:
    """Records what it hears, counts it and shows it to those who watch; what it has heard before changes nothing."""

    def __init__(self, decisions: Decisions, records: Records, watches: Watches) -> None:
        self._decisions = decisions
        self._records = records
        self._watches = watches

    def consumers(self, bus: Bus) -> list[Consumer]:
        """The consumers that feed it, that of decisions first."""
        return [
            consumer(bus, "telemetry", ADVICE_DECIDED, self.record),
            consumer(bus, "telemetry-moments", MOMENT_OBSERVED, storing(moment_from, self._records.add_moments)),
            consumer(bus, "telemetry-outcomes", ADVICE_JUDGED, storing(advice_from, self._records.add_advice)),
            consumer(
                bus, "telemetry-generations", GENERATION_ENDED, storing(generation_from, self._records.add_generations)
            ),
            consumer(bus, "telemetry-faults", FAULT_SEEN, storing(faults_from, self._records.add_faults)),
        ]

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """Stores the decisions of a batch, all or none.

        Raises:
            StoreUnavailable: when they cannot be stored now.
            DecodeError, InvalidArgument: for an event that can never be stored.
        """
        recorded = await self._decisions.add(await read_all(decision_from, deliveries))
        measure(recorded)
        self._watches.announce(recorded)


Store = Callable[[Sequence[Delivery]], Awaitable[None]]


def storing(read: Callable[[bytes], Kept], add: Callable[[Iterable[Kept]], Awaitable[None]]) -> Store:
    """A handler of batches that reads each event and stores all of them or none."""

    async def store(deliveries: Sequence[Delivery]) -> None:
        await add(await read_all(read, deliveries))

    return store


async def read_all(read: Callable[[bytes], Kept], deliveries: Sequence[Delivery]) -> list[Kept]:
    """Reads each event, and lets others have their turn in between: a hook may be waiting in this very process."""
    kept: list[Kept] = []
    for begin in range(0, len(deliveries), READ_AT_ONCE):
        kept += [read(delivery.data) for delivery in deliveries[begin : begin + READ_AT_ONCE]]
        await asyncio.sleep(0)
    return kept


def consumer(bus: Bus, name: str, kind: EventType, handler: Store) -> Consumer:
    """A consumer of one kind of event."""
    return Consumer(bus, name=name, stream=kind.stream, subjects=[f"{kind.subject}.>"], handler=handler, batch=BATCH)
