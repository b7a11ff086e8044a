"""Conversations: contract to model and back."""

from __future__ import annotations

from chassis.faults import InvalidArgument
from chassis.timestamps import set_time, to_datetime
from services.memory.context import characters_of, context_of
from services.memory.entries import Conversation, Entry, Recalled, Speaker
from spark.memory.v1 import conversation_pb2

SPEAKERS = {
    conversation_pb2.SPEAKER_USER: Speaker.USER,
    conversation_pb2.SPEAKER_ASSISTANT: Speaker.ASSISTANT,
}
SPEAKER_NUMBERS = {speaker: number for number, speaker in SPEAKERS.items()}
YEAR_10000 = 253_402_300_800
"""Seconds since 1970."""


def entry_of(message: conversation_pb2.Entry, workspace_id: str, number: int) -> Entry:
    """The entry, which is the `number`th of its request.

    Raises:
        InvalidArgument: for a text with a NUL, which Postgres does not keep: it would hold up all that waits with it;
            and for a time outside the years 1970 to 9999: Python has none after them, and Postgres' driver none with
            a zone at the beginning of the first.
    """
    for field, value in (("text", message.text), ("session_id", message.session_id)):
        if "\0" in value:
            raise InvalidArgument("a text holds a NUL", [(f"entries[{number}].{field}", "must hold no NUL")])
    if not 0 <= message.said_at.seconds < YEAR_10000:
        what = "must lie in the years 1970 to 9999"
        raise InvalidArgument("a time is out of range", [(f"entries[{number}].said_at", what)])
    return Entry(
        Conversation(workspace_id, message.session_id),
        message.entry_id,
        SPEAKERS[message.speaker],
        message.text,
        to_datetime(message.said_at),
    )


def entry_message(entry: Entry) -> conversation_pb2.Entry:
    """The entry as others see it."""
    message = conversation_pb2.Entry(
        entry_id=entry.entry_id,
        session_id=entry.conversation.session_id,
        speaker=SPEAKER_NUMBERS[entry.speaker],
        text=entry.text,
    )
    set_time(message.said_at, entry.said_at)
    return message


def recalled_message(recalled: Recalled) -> conversation_pb2.RecallResponse:
    """What was recalled, with its measured size beside that of the whole conversation."""
    return conversation_pb2.RecallResponse(
        hits=[
            conversation_pb2.Hit(entry=entry_message(hit.entry), score=hit.score, found_by=hit.found_by)
            for hit in recalled.hits
        ],
        last=[entry_message(entry) for entry in recalled.last],
        semantic=recalled.semantic,
        conversation_characters=recalled.conversation_characters,
        context_characters=characters_of(context_of(recalled)),
    )
