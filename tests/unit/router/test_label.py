"""What stands before advice: it claims no project for what belongs to none, and takes its place from the room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.router.gate import (
    LABEL,
    MIXED_LABEL,
    SAID_LABEL,
    Occasion,
    Piece,
    Reason,
    Seen,
    Source,
    judge,
)
from services.router.settings import Policy
from services.router.wording import text_of

FAILURE = Occasion("Bash", "call-1", datetime(2026, 3, 2, 9, 0, tzinfo=UTC), failure=True)
LESSON = Piece("lesson", "use --new", 1.0, 0.7, negative=True)
SAID = replace(LESSON, packet_id="said:1", text='The user said to Spark: "ask me"', source=Source.CONVERSATION)


@pytest.mark.parametrize(
    ("pieces", "label"),
    [([LESSON], LABEL), ([SAID], SAID_LABEL), ([LESSON, SAID], MIXED_LABEL), ([SAID, LESSON], MIXED_LABEL)],
    ids=["a lesson", "what was said", "both", "both, what was said first"],
)
def test_the_label_names_where_it_comes_from(pieces: list[Piece], label: str) -> None:
    judged = judge(pieces, FAILURE, Seen(0, {}, {}), Policy())
    assert text_of(judged, Policy()) == label + "\n".join(piece.text for piece in pieces)


def test_the_longer_label_takes_its_place_from_the_room() -> None:
    whole = len(f"{MIXED_LABEL}{LESSON.text}\n{SAID.text}")
    for chars, reason in ((whole, None), (whole - 1, Reason.NO_ROOM)):
        policy = Policy(max_chars=chars)
        judged = judge([LESSON, SAID], FAILURE, Seen(0, {}, {}), policy)
        assert [item.reason for item in judged] == [None, reason]
        assert len(text_of([item for item in judged if item.reason is None], policy)) <= chars
