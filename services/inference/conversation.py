"""What was said before in a conversation, as memory keeps it, and what is said now for memory to keep.

A memory that is away costs what it knows, never the answer.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from grpc.aio import AioRpcError
from ulid import ULID

from chassis.clock import Clock
from chassis.timestamps import set_time
from services.inference.asking import LAST, RECALLED, Context, Turn
from spark.memory.v1 import conversation_pb2

if TYPE_CHECKING:
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub

log = logging.getLogger(__name__)

SECONDS = 1.0
"""Patience with memory; it answers within milliseconds."""
TIME_LETTERS = 10
"""A ULID begins with its time."""
ULID_BYTES = 16


class Conversation:
    """The conversations that memory keeps."""

    def __init__(self, memory: MemoryServiceAsyncStub, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

    async def context(self, session_id: str, text: str) -> Context:
        """What is known of a conversation, about what is said now."""
        wanted = conversation_pb2.RecallRequest(session_id=session_id, text=kept(text), limit=RECALLED, last=LAST)
        try:
            found = await self._memory.Recall(wanted, timeout=SECONDS)
        except AioRpcError as error:
            log.warning("nothing recalled", extra={"action": "recall_failed", "error": error.details()})
            return Context()
        return Context(tuple(map(turn_of, found.last)), tuple(turn_of(hit.entry) for hit in found.hits))

    async def remember(self, session_id: str, entry_id: str, text: str, *, by_user: bool) -> None:
        """Has something kept that was said; the same id again is kept once."""
        speaker = conversation_pb2.SPEAKER_USER if by_user else conversation_pb2.SPEAKER_ASSISTANT
        entry = conversation_pb2.Entry(entry_id=entry_id, session_id=session_id, speaker=speaker, text=kept(text))
        set_time(entry.said_at, self._clock.now())
        try:
            await self._memory.Remember(conversation_pb2.RememberRequest(entries=[entry]), timeout=SECONDS)
        except AioRpcError as error:
            log.warning("nothing remembered", extra={"action": "remember_failed", "error": error.details()})


def turn_of(entry: conversation_pb2.Entry) -> Turn:
    """An entry as what was said."""
    return Turn(entry.speaker == conversation_pb2.SPEAKER_USER, entry.text)


def kept(text: str) -> str:
    """A text without what memory refuses: a model may write a NUL, which Postgres cannot keep."""
    return text.replace("\0", "")


def reply_id(entry_id: str) -> str:
    """The id of the reply to an entry: the same each time, so that one who asks again has one reply kept.

    It begins with the entry's time, as letters: what the contract takes for an id may be no number of 128 bits.
    """
    digest = hashlib.sha256(entry_id.encode()).digest()
    return entry_id[:TIME_LETTERS] + str(ULID(digest[:ULID_BYTES]))[TIME_LETTERS:]
