"""The rpc face of memory."""

from __future__ import annotations

from datetime import datetime

from chassis.calls import CallContext
from chassis.consumer import Consumer
from chassis.faults import InvalidArgument
from services.memory.events import Relay
from services.memory.library import Library
from services.memory.model import Lesson
from services.memory.wire import lesson_message, span_from
from spark.memory.v1 import memory_pb2

DEFAULT_PAGE = 50
DEFAULT_PATIENCE_S = 5.0


class MemoryServicer:
    """Implements spark.memory.v1.MemoryService."""

    def __init__(self, library: Library, consumer: Consumer, relay: Relay) -> None:
        self._library = library
        self._consumer = consumer
        self._relay = relay

    async def ListLessons(
        self, request: memory_pb2.ListLessonsRequest, call: CallContext
    ) -> memory_pb2.ListLessonsResponse:
        """Shows what was learnt, newest first."""
        limit = request.page_size or DEFAULT_PAGE
        lessons, total = await self._library.lessons(
            call.workspace_id,
            request.project_id,
            retired=request.include_retired,
            limit=limit,
            before=place_of(request.page_token),
        )
        token = page_token(lessons[-1]) if len(lessons) == limit else ""
        messages = [lesson_message(lesson) for lesson in lessons]
        return memory_pb2.ListLessonsResponse(lessons=messages, next_page_token=token, total=total)

    async def AwaitLearnt(
        self, request: memory_pb2.AwaitLearntRequest, call: CallContext
    ) -> memory_pb2.AwaitLearntResponse:
        """Returns once every moment up to a place in the stream is learnt and announced."""
        patience = request.patience.ToTimedelta().total_seconds() or DEFAULT_PATIENCE_S
        learnt = await self._consumer.reached(request.sequence, patience)
        await self._relay.flush()
        return memory_pb2.AwaitLearntResponse(learnt=learnt, announced=self._relay.last_sequence)

    async def FindLearnt(
        self, request: memory_pb2.FindLearntRequest, call: CallContext
    ) -> memory_pb2.FindLearntResponse:
        """Tells which events were learnt from."""
        known = await self._library.find_learnt(call.workspace_id, request.event_ids)
        return memory_pb2.FindLearntResponse(event_ids=known)

    async def FindSeenLive(
        self, request: memory_pb2.FindSeenLiveRequest, call: CallContext
    ) -> memory_pb2.FindSeenLiveResponse:
        """Tells in which spans of sessions something was seen live."""
        seen = await self._library.find_seen_live(call.workspace_id, [span_from(span) for span in request.spans])
        return memory_pb2.FindSeenLiveResponse(seen=seen)

    async def Forget(self, request: memory_pb2.ForgetRequest, call: CallContext) -> memory_pb2.ForgetResponse:
        """Erases a session or a project."""
        if request.WhichOneof("subject") == "session_id":
            gone = await self._library.forget_session(call.workspace_id, request.session_id)
        else:
            gone = await self._library.forget_project(call.workspace_id, request.project_id)
        return memory_pb2.ForgetResponse(erased=gone.rows, lessons=gone.lessons)


def page_token(lesson: Lesson) -> str:
    """The place after a lesson."""
    return f"{lesson.provenance.last_seen.isoformat()} {lesson.lesson_id}"


def place_of(token: str) -> tuple[datetime, str] | None:
    """The place that a token names; None for the beginning.

    Raises:
        InvalidArgument: for a token that no answer ever gave.
    """
    if not token:
        return None
    when, _, lesson_id = token.partition(" ")
    try:
        return datetime.fromisoformat(when), lesson_id
    except ValueError:
        raise InvalidArgument("not a page token", [("page_token", "take it from a former answer")]) from None
