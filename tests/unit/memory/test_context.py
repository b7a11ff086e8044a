"""The context that is given instead of a conversation, and its measured size."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.memory.context import characters_of, compression, context_of
from services.memory.entries import Conversation, Entry, Hit, Recalled, Speaker

WHERE, WHEN = Conversation("local", "s1"), datetime(2026, 3, 2, tzinfo=UTC)


def entry(number: int, text: str = "x") -> Entry:
    return Entry(WHERE, f"e{number}", Speaker.USER, text, WHEN)


def recalled(hits: list[Entry], last: list[Entry], whole: int) -> Recalled:
    return Recalled(tuple(Hit(one, 1.0, "lexical") for one in hits), tuple(last), False, whole)


def test_hits_come_before_the_last_and_each_once() -> None:
    found = recalled([entry(9), entry(1), entry(8)], [entry(8), entry(9)], 50)
    assert [one.entry_id for one in context_of(found)] == ["e1", "e8", "e9"]


def test_nothing_recalled_is_no_compression() -> None:
    assert compression(recalled([], [], 50)) == 0


NUMBERS = st.lists(st.integers(0, 20), unique=True, max_size=8)


@given(NUMBERS, NUMBERS)
def test_the_ratio_is_what_was_said_by_what_is_given(hits: list[int], last: list[int]) -> None:
    conversation = [entry(number, "é" * (number + 1)) for number in range(21)]
    found = recalled(
        [conversation[n] for n in hits], [conversation[n] for n in sorted(last)], characters_of(conversation)
    )
    given_characters = sum(number + 1 for number in {*hits, *last})
    assert characters_of(context_of(found)) == given_characters
    if given_characters:
        assert compression(found) == pytest.approx(231 / given_characters)
        assert compression(found) >= 1
