"""What memory knows already of hooks of the past: an import sends only the rest (ADR 7, ADR 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.timestamps import set_time, to_datetime
from spark.memory.v1 import memory_pb2
from spark.moment.v1 import moment_pb2

if TYPE_CHECKING:
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub

ASKED_AT_ONCE = 10_000
SPANS_AT_ONCE = 1000
"""As many of each as the contract takes."""


@dataclass(frozen=True, slots=True)
class Past:
    """A moment of the past."""

    moment: moment_pb2.Moment
    began_at: datetime | None
    """When it began, where the client's hooks name no calls: then its id says nothing of what was seen live."""


async def unknown(memory: MemoryServiceAsyncStub, past: Sequence[Past]) -> list[moment_pb2.Moment]:
    """The moments that memory has neither learnt from nor seen live, in their order.

    Raises:
        AioRpcError: when memory is away.
    """
    learnt = await _learnt(memory, [one.moment.envelope.event_id for one in past])
    rest = [one for one in past if one.moment.envelope.event_id not in learnt]
    seen = await _seen_live(memory, [one for one in rest if one.began_at is not None])
    return [one.moment for one in rest if one.moment.envelope.event_id not in seen]


async def _learnt(memory: MemoryServiceAsyncStub, event_ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(event_ids), ASKED_AT_ONCE):
        asked = memory_pb2.FindLearntRequest(event_ids=event_ids[start : start + ASKED_AT_ONCE])
        known.update((await memory.FindLearnt(asked)).event_ids)
    return known


async def _seen_live(memory: MemoryServiceAsyncStub, past: Sequence[Past]) -> set[str]:
    """The event ids of those that were seen live."""
    known: set[str] = set()
    for start in range(0, len(past), SPANS_AT_ONCE):
        asked = past[start : start + SPANS_AT_ONCE]
        answer = await memory.FindSeenLive(memory_pb2.FindSeenLiveRequest(spans=map(_span, asked)))
        known.update(asked[place].moment.envelope.event_id for place in answer.seen)
    return known


def _span(past: Past) -> memory_pb2.SessionSpan:
    envelope = past.moment.envelope
    ended = to_datetime(envelope.occurred_at)
    span = memory_pb2.SessionSpan(session_id=envelope.session_id)
    set_time(span.began, min(past.began_at or ended, ended))
    set_time(span.ended, ended)
    return span
