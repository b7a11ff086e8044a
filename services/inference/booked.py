"""A call of an engine as the books name it, and what is announced of it once it is over: never a word of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.events import event_type
from chassis.outbox import Announcement, Outbox
from chassis.timestamps import set_time
from services.inference.model import Usage
from spark.inference.v1 import ended_pb2

ENDED = event_type(ended_pb2.GenerationEnded)
OUTBOX = Outbox("inference", ENDED)

ENGINE_CHARS, MODEL_CHARS = 64, 200
"""The contract's own limits; a model may be named by a path."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an engine as the books name it; `held` is what was set aside for it."""

    workspace_id: str
    call_id: str
    request_id: str
    purpose: str
    engine: str
    model: str
    hosted: bool
    held: int
    at: datetime
    traceparent: str = ""


def announcement(call: Call, usage: Usage, cost: int, now: datetime) -> Announcement:
    """The message that tells of a call that is over; known by the call's own id, it counts once however often it
    comes. `cost` is in millionths of a US dollar."""
    ended = ended_pb2.GenerationEnded(
        call_id=call.call_id,
        workspace_id=call.workspace_id,
        request_id=call.request_id,
        purpose=call.purpose,
        engine=call.engine[:ENGINE_CHARS],
        model=call.model[:MODEL_CHARS],
        hosted=call.hosted,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        counted_by_engine=usage.counted_by_engine,
        cost_microusd=cost,
        traceparent=call.traceparent,
    )
    ended_at = max(now, call.at)
    set_time(ended.began_at, call.at)
    set_time(ended.ended_at, ended_at)
    subject = ENDED.subject_for(call.workspace_id, call.purpose)
    return Announcement(call.call_id, subject, ended_at, ended.SerializeToString())
