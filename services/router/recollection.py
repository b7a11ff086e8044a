"""What was said about it in a conversation, as pieces of a bundle: a user's own words, quoted, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from grpc.aio import AioRpcError

from chassis.calls import CallContext
from chassis.quotation import quote
from services.router.gate import Piece, Source
from spark.memory.v1 import conversation_pb2
from spark.moment.v1 import moment_pb2

if TYPE_CHECKING:
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub

PREFIX = "said:"
ASKED_AT = frozenset({moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED, moment_pb2.MOMENT_KIND_CALL_FAILED})
"""Moments at which it is asked: before each call it would be read too often for what it is worth."""
SECONDS = 0.1
SHARE = 0.5
"""Share of the time left that recalling may take; without it the rest is still told."""
HITS = 5
SHARED = 2
"""Words that something said must share with the moment: one is chance."""
FITS_FULLY = 4
"""Words in common that leave nothing to wish for."""
CONFIDENCE = 0.6
"""Of words that a user said once; of a lesson seen once it is 0.5."""
QUOTED_CHARS = 240
ASKED_BYTES = 4000
WORD = re.compile(r"[^\W_]+")
SHORTEST = 3
"""Letters of a word that can tell what a text is about."""


class Recollection:
    """Recalls from one conversation, that of `session`."""

    def __init__(self, memory: MemoryServiceAsyncStub, session: str) -> None:
        self._memory = memory
        self._session = session

    async def pieces(self, moment: moment_pb2.Moment, call: CallContext) -> list[Piece] | None:
        """What was said about a moment, nearest first; None where memory cannot tell in time."""
        asked = conversation_pb2.RecallRequest(session_id=self._session, text=about(moment), limit=HITS)
        try:
            found = await self._memory.Recall(asked, timeout=call.patience(SECONDS, SHARE))
        except AioRpcError:
            return None
        return pieces_of(found.hits, moment.prompt.tokens or moment.call.tokens)


def about(moment: moment_pb2.Moment) -> str:
    """What is asked of memory: the prompt, or the call and what it printed, bounded."""
    call = f"{moment.call.command or moment.call.target}\n{moment.outcome.error}"
    text = moment.prompt.text or call
    return text.encode()[:ASKED_BYTES].decode(errors="ignore")


def pieces_of(hits: Iterable[conversation_pb2.Hit], tokens: Sequence[str]) -> list[Piece]:
    """Those of the user's entries that are about a moment of these words. What a model said is no source."""
    pieces: list[Piece] = []
    for hit in hits:
        entry = hit.entry
        common = shared(tokens, entry.text)
        if entry.speaker != conversation_pb2.SPEAKER_USER or common < SHARED:
            continue
        day = entry.said_at.ToDatetime(UTC).date()
        pieces.append(
            Piece(
                packet_id=f"{PREFIX}{entry.entry_id}",
                text=f"The user said to Spark on {day}: {quote(entry.text, QUOTED_CHARS)}",
                context=min(1.0, common / FITS_FULLY),
                confidence=CONFIDENCE,
                negative=False,
                source=Source.CONVERSATION,
            )
        )
    return pieces


def shared(tokens: Iterable[str], text: str) -> int:
    """How many of a moment's words, which have lost their endings, begin a word of a text."""
    words = {word.lower() for word in WORD.findall(text)}
    return sum(any(word.startswith(token) for word in words) for token in tokens if len(token) >= SHORTEST)
