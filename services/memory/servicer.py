"""The rpc face of memory."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from chassis.calls import CallContext
from chassis.consumer import Consumer
from chassis.faults import InvalidArgument
from chassis.outbox import Relay
from services.memory.conversations import Conversations
from services.memory.entries import Conversation
from services.memory.entry_wire import entry_message, entry_of, recalled_message
from services.memory.lessons import restored, retired, revised
from services.memory.library import Library
from services.memory.model import Lesson
from services.memory.wire import lesson_message, own_words_from, span_from
from spark.memory.v1 import conversation_pb2, memory_pb2

DEFAULT_PAGE = 50
DEFAULT_HITS = 5
DEFAULT_PATIENCE_S = 5.0


class MemoryServicer:
    """Implements spark.memory.v1.MemoryService."""

    def __init__(self, library: Library, consumer: Consumer, relay: Relay, conversations: Conversations) -> None:
        self._library = library
        self._conversations = conversations
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

    async def ReviseLesson(
        self, request: memory_pb2.ReviseLessonRequest, call: CallContext
    ) -> memory_pb2.ReviseLessonResponse:
        """Puts a user's words in place of a lesson's text, or takes them back."""
        words = own_words_from(request.text)
        lesson = await self._library.change(call.workspace_id, request.lesson_id, partial(revised, own_words=words))
        return memory_pb2.ReviseLessonResponse(lesson=lesson_message(lesson))

    async def RetireLesson(
        self, request: memory_pb2.RetireLessonRequest, call: CallContext
    ) -> memory_pb2.RetireLessonResponse:
        """Takes a lesson out of use for good, or back into use."""
        change = restored if request.restore else retired
        lesson = await self._library.change(call.workspace_id, request.lesson_id, change)
        return memory_pb2.RetireLessonResponse(lesson=lesson_message(lesson))

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
        """Erases a session, with what was said in it, or a project."""
        if request.WhichOneof("subject") == "session_id":
            said = await self._conversations.forget(Conversation(call.workspace_id, request.session_id))
            gone = await self._library.forget_session(call.workspace_id, request.session_id)
        else:
            # A conversation is of a session, and of no project.
            said = 0
            gone = await self._library.forget_project(call.workspace_id, request.project_id)
        return memory_pb2.ForgetResponse(erased=gone.rows + said, lessons=gone.lessons, entries=said)

    async def Remember(
        self, request: conversation_pb2.RememberRequest, call: CallContext
    ) -> conversation_pb2.RememberResponse:
        """Keeps what was said, behind the reply."""
        entries = [entry_of(each, call.workspace_id, number) for number, each in enumerate(request.entries)]
        return conversation_pb2.RememberResponse(waiting=self._conversations.remember(entries))

    async def Recall(
        self, request: conversation_pb2.RecallRequest, call: CallContext
    ) -> conversation_pb2.RecallResponse:
        """Finds what was said about something in one conversation."""
        conversation = Conversation(call.workspace_id, request.session_id)
        limit = request.limit or DEFAULT_HITS
        recalled = await self._conversations.recall(conversation, request.text, limit=limit, last=request.last)
        return recalled_message(recalled)

    async def ListEntries(
        self, request: conversation_pb2.ListEntriesRequest, call: CallContext
    ) -> conversation_pb2.ListEntriesResponse:
        """Shows a conversation, newest first."""
        limit = request.page_size or DEFAULT_PAGE
        page = await self._conversations.entries(
            Conversation(call.workspace_id, request.session_id),
            archived=request.include_archived,
            limit=limit,
            before=entry_place_of(request.page_token),
        )
        token = str(page.last_place) if len(page.entries) == limit else ""
        entries = [entry_message(entry) for entry in page.entries]
        return conversation_pb2.ListEntriesResponse(entries=entries, next_page_token=token, total=page.total)

    async def Flush(self, request: conversation_pb2.FlushRequest, call: CallContext) -> conversation_pb2.FlushResponse:
        """Returns once all that was remembered is written."""
        return conversation_pb2.FlushResponse(written=await self._conversations.flush())


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
        raise no_token() from None


def entry_place_of(token: str) -> int | None:
    """The place in a conversation that a token names; None for the end.

    Raises:
        InvalidArgument: for a token that no answer ever gave.
    """
    if token and not (token.isascii() and token.isdecimal() and int(token) < 1 << 63):
        raise no_token()
    return int(token) if token else None


def no_token() -> InvalidArgument:
    """What is wrong with a token that no answer ever gave."""
    return InvalidArgument("not a page token", [("page_token", "take it from a former answer")])
