"""What the agent is told, and how a decision records it."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.quotation import clipped, open_mark
from services.router.bundle import Bundle
from services.router.gate import Authority, Judged, Reason, Source, label_of
from services.router.settings import Policy
from spark.router.v1 import router_pb2

SILENCES: dict[Reason, router_pb2.Silence.ValueType] = {
    Reason.COOLDOWN: router_pb2.SILENCE_COOLDOWN,
    Reason.SHOWN_RECENTLY: router_pb2.SILENCE_SHOWN_RECENTLY,
    Reason.SESSION_BUDGET: router_pb2.SILENCE_SESSION_BUDGET,
    Reason.LOW_AUTHORITY: router_pb2.SILENCE_LOW_AUTHORITY,
    Reason.DUPLICATE: router_pb2.SILENCE_DUPLICATE,
    Reason.NO_ROOM: router_pb2.SILENCE_NO_ROOM,
    Reason.TOO_NOISY: router_pb2.SILENCE_TOO_NOISY,
    Reason.NO_LONGER_TRUE: router_pb2.SILENCE_NO_LONGER_TRUE,
    Reason.NOISE_BUDGET: router_pb2.SILENCE_NOISE_BUDGET,
}

AUTHORITIES = {
    Authority.SILENT: router_pb2.AUTHORITY_SILENT,
    Authority.WHISPER: router_pb2.AUTHORITY_WHISPER,
    Authority.NOTE: router_pb2.AUTHORITY_NOTE,
    Authority.WARNING: router_pb2.AUTHORITY_WARNING,
    Authority.BLOCK: router_pb2.AUTHORITY_BLOCK,
}


def text_of(chosen: Sequence[Judged], policy: Policy) -> str:
    """What the agent is told, within the limit."""
    text = label_of(item.piece.source for item in chosen)
    for number, item in enumerate(chosen):
        left = policy.max_chars - len(text) - (number > 0)
        line = shortened(item.piece.text, left, listing=item.piece.source is Source.OUTCOME)
        text += f"\n{line}" if number else line
    return text


def shortened(text: str, limit: int, *, listing: bool) -> str:
    """A text within the limit; one that ends in a list loses words of it, others their end."""
    if len(text) <= limit:
        return text
    kept, comma, _ = text[: max(0, limit - 2)].rpartition(", ")
    if listing and comma and len(kept) >= limit // 2:
        return f"{kept}{open_mark(kept)}."
    return clipped(text, limit)


def advice_of(judged: Judged, bundle: Bundle) -> router_pb2.Advice:
    """A piece as the decision records it."""
    piece = judged.piece
    advice = router_pb2.Advice(
        packet_id=piece.packet_id,
        text=piece.text,
        authority=AUTHORITIES[judged.authority],
        score=judged.score,
        names=piece.named,
        suggests=piece.suggests,
        source=piece.source.value,
        probability=piece.probability,
    )
    if judged.reason is not None:
        advice.silence = SILENCES[judged.reason]
    lesson = bundle.lessons.get(piece.packet_id)
    if lesson is not None:
        advice.lesson_id = lesson.lesson_id
        advice.kind = lesson.kind
        advice.provenance.CopyFrom(lesson.provenance)
    return advice
