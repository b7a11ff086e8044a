"""What memory hears, and what it announces: from the bus to the library, and from the outbox to the bus."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from chassis.bus import Bus
from chassis.consumer import Delivery
from chassis.database import Database
from chassis.events import event_type, headers
from chassis.faults import BusUnavailable, StoreUnavailable
from chassis.identifiers import new_ulid
from services.memory.model import Event, Lesson
from services.memory.postgres import Announcement, clear_outbox, read_outbox
from services.memory.wire import event_from, lesson_message
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2

log = logging.getLogger(__name__)

HEARD = event_type(moment_pb2.MomentObserved)
ANNOUNCED = event_type(lesson_pb2.LessonChanged)

KINDS = ("prompt_submitted", "call_succeeded", "call_failed", "call_rejected")
TEACHING = [f"{HEARD.subject}.*.*.*.{kind}" for kind in KINDS]
"""Workspace, project and session stand before the kind; moments of other kinds teach nothing and are not delivered."""

RELAY_AT_ONCE = 256
PUBLISH_SECONDS = 2.0


def heard(deliveries: Sequence[Delivery]) -> list[Event]:
    """The events in a batch that memory learns from.

    Raises:
        google.protobuf.message.DecodeError: when one is no MomentObserved.
    """
    found = [event_from(moment_pb2.MomentObserved.FromString(delivery.data).moment) for delivery in deliveries]
    return [event for event in found if event is not None]


def announcement(lesson: Lesson) -> Announcement:
    """The message that tells of a change of a lesson.

    Born with the change: a lesson that was forgotten and learnt again has the revisions that it had before.
    """
    event_id = new_ulid()
    message = lesson_pb2.LessonChanged(event_id=event_id, lesson=lesson_message(lesson))
    subject = ANNOUNCED.subject_for(lesson.workspace_id, lesson.project_id, lesson.lesson_id)
    return Announcement(event_id, subject, lesson.provenance.last_seen, message.SerializeToString())


class Relay:
    """Publishes what stands in the outbox, in order; what cannot be published stays there."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.last_sequence = 0
        """Place in the stream of the last announcement."""

    async def start(self) -> None:
        """Publishes what an earlier process left, now and whenever the bus was away."""
        self._task = asyncio.create_task(self._keep_trying(), name="memory outbox")

    async def stop(self) -> None:
        """Ends; what is left is published by the next process."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def flush(self) -> None:
        """Publishes all that stands there.

        Raises:
            BusUnavailable: when the bus is away.
            StoreUnavailable: when Postgres is.
        """
        async with self._one_at_a_time:
            while await self._publish_some():
                pass

    async def _publish_some(self) -> bool:
        async with self._database.transaction() as connection:
            waiting = await read_outbox(connection, RELAY_AT_ONCE)
            if not waiting:
                return False
            acks = await asyncio.gather(*(self._publish(item) for _, item in waiting))
            await clear_outbox(connection, [number for number, _ in waiting])
        self.last_sequence = max(self.last_sequence, *acks)
        return len(waiting) == RELAY_AT_ONCE

    async def _publish(self, item: Announcement) -> int:
        carried = headers(ANNOUNCED, item.event_id, item.occurred_at, "")
        ack = await self._bus.publish(ANNOUNCED.stream, item.subject, item.data, carried, PUBLISH_SECONDS)
        return ack.sequence

    async def _keep_trying(self) -> None:
        while True:
            try:
                await self.flush()
            except (BusUnavailable, StoreUnavailable) as error:
                log.warning("lessons wait to be announced", extra={"action": "outbox_waits", "error": str(error)})
            await asyncio.sleep(1.0)
