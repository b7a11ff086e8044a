"""What prefetch hears, and the queue through which it asks itself for preparations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from chassis.bus import Bus
from chassis.calls import present_trace
from chassis.consumer import Delivery
from chassis.events import event_type, headers
from chassis.faults import BusUnavailable
from chassis.identifiers import new_ulid
from chassis.timestamps import set_time
from services.prefetch.model import Event, Place
from services.prefetch.wire import event_from
from spark.moment.v1 import moment_pb2
from spark.prefetch.v1 import prefetch_pb2

log = logging.getLogger(__name__)

HEARD = event_type(moment_pb2.MomentObserved)
REQUESTED = event_type(prefetch_pb2.PrefetchRequested)

KINDS = ("prompt_submitted", "call_succeeded", "call_failed", "call_rejected")
TEACHING = [f"{HEARD.subject}.*.*.*.{kind}" for kind in KINDS]
PRESSING = (".prompt_submitted", ".call_failed")
"""After these the agent's very next call may be the one that advice is for."""

PUBLISH_SECONDS = 2.0
BEGINNING_EVERY = 20
"""Batches of a project after which what is ready for sessions that begin is made anew."""
PROJECTS_AT_MOST = 1024


def presses(subject: str) -> bool:
    """Whether what is made ready after an event is for the very next call."""
    return subject.endswith(PRESSING)


def heard(deliveries: Sequence[Delivery]) -> list[Event]:
    """The events in a batch that are learnt from.

    Raises:
        google.protobuf.message.DecodeError: when one is no MomentObserved.
    """
    found = [
        event_from(moment_pb2.MomentObserved.FromString(delivery.data).moment, delivery.sequence)
        for delivery in deliveries
    ]
    return [event for event in found if event is not None]


class Requests:
    """Asks for preparations through a durable queue; of one session only the newest request is kept there."""

    def __init__(self, bus: Bus, *, active: bool) -> None:
        self._bus = bus
        self._active = active
        self._since_beginning: dict[tuple[str, str], int] = {}
        self.last_sequence = 0
        """Place in the queue of the last request."""

    async def ask(self, stood: Mapping[Place, Event]) -> None:
        """Asks for what follows each of these events; a bus that is away costs the preparation and nothing else."""
        if not self._active or not stood:
            return
        wanted = [self._publish(place, event, for_beginnings=False) for place, event in stood.items()]
        if len(self._since_beginning) > PROJECTS_AT_MOST:
            self._since_beginning.clear()
        for owner, event in {(place.workspace_id, place.project_id): event for place, event in stood.items()}.items():
            seen = self._since_beginning.get(owner, BEGINNING_EVERY) + 1
            self._since_beginning[owner] = seen
            if seen > BEGINNING_EVERY:
                self._since_beginning[owner] = 0
                wanted.append(self._publish(event.place, event, for_beginnings=True))
        for sequence in await asyncio.gather(*wanted):
            self.last_sequence = max(self.last_sequence, sequence)

    async def _publish(self, place: Place, event: Event, *, for_beginnings: bool) -> int:
        message = prefetch_pb2.PrefetchRequested(sequence=event.sequence, for_beginnings=for_beginnings)
        envelope = message.envelope
        envelope.event_id = "0" * 32
        envelope.workspace_id, envelope.project_id = place.workspace_id, place.project_id
        envelope.session_id, envelope.agent_id = place.session_id, place.agent_id
        envelope.client, envelope.origin, envelope.schema_version = "spark", moment_pb2.ORIGIN_LIVE, 1
        set_time(envelope.occurred_at, event.at)
        set_time(envelope.observed_at, event.at)
        # No session is called nothing.
        whose = ("", "") if for_beginnings else (place.session_id, place.agent_id)
        subject = REQUESTED.subject_for(place.workspace_id, place.project_id, *whose)
        carried = headers(REQUESTED, new_ulid(), event.at, present_trace())
        try:
            data = message.SerializeToString()
            return (await self._bus.publish(REQUESTED.stream, subject, data, carried, PUBLISH_SECONDS)).sequence
        except BusUnavailable as error:
            log.warning("nothing is prepared", extra={"action": "prefetch_not_asked", "error": error.message})
            return 0
