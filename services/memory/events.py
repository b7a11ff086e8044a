"""What memory hears off the bus, and what it announces."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.consumer import Delivery
from chassis.events import event_type
from chassis.identifiers import new_ulid
from chassis.outbox import Announcement, Outbox
from services.memory.model import Event, Lesson
from services.memory.wire import event_from, lesson_message
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2

HEARD = event_type(moment_pb2.MomentObserved)
ANNOUNCED = event_type(lesson_pb2.LessonChanged)
OUTBOX = Outbox("memory", ANNOUNCED)

KINDS = ("prompt_submitted", "call_succeeded", "call_failed", "call_rejected")
TEACHING = [f"{HEARD.subject}.*.*.*.{kind}" for kind in KINDS]
"""Workspace, project and session stand before the kind; moments of other kinds teach nothing and are not delivered."""


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
