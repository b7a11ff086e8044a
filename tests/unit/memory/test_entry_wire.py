"""Conversations on the wire: there and back, and what is refused before it is kept."""

from __future__ import annotations

import pytest

from chassis.faults import InvalidArgument
from services.memory.entries import Conversation, Entry, Hit, Recalled
from services.memory.entry_wire import entry_message, entry_of, recalled_message
from services.memory.servicer import entry_place_of
from tests.contract.valid_messages import ENTRY


def test_an_entry_comes_back_as_it_went() -> None:
    entry = entry_of(ENTRY, "local", 0)
    assert entry.conversation == Conversation("local", "session")
    assert entry_message(entry) == ENTRY


@pytest.mark.parametrize("field", ["text", "session_id"])
def test_a_nul_is_refused_before_it_holds_up_what_waits_with_it(field: str) -> None:
    message = type(ENTRY)()
    message.CopyFrom(ENTRY)
    setattr(message, field, "a\0b")
    with pytest.raises(InvalidArgument) as refused:
        entry_of(message, "local", 3)
    assert refused.value.violations == ((f"entries[3].{field}", "must hold no NUL"),)


@pytest.mark.parametrize("seconds", [253402300800, -1, -62135596801, 2**63 - 1, -(2**63)])
def test_a_time_out_of_range_is_refused(seconds: int) -> None:
    message = type(ENTRY)()
    message.CopyFrom(ENTRY)
    message.said_at.seconds = seconds
    with pytest.raises(InvalidArgument) as refused:
        entry_of(message, "local", 2)
    assert refused.value.violations == (("entries[2].said_at", "must lie in the years 1970 to 9999"),)


@pytest.mark.parametrize("seconds", [253402300799, 0])
def test_the_first_and_the_last_second_are_taken(seconds: int) -> None:
    message = type(ENTRY)()
    message.CopyFrom(ENTRY)
    message.said_at.seconds = seconds
    assert entry_of(message, "local", 0).said_at.year in {1970, 9999}


def test_an_answer_says_how_large_it_is_and_counts_each_entry_once() -> None:
    entry = entry_of(ENTRY, "local", 0)
    other = Entry(entry.conversation, "1" * 26, entry.speaker, "another", entry.said_at)
    answer = recalled_message(Recalled((Hit(entry, 0.5, "both"),), (entry, other), True, 100))
    assert (answer.conversation_characters, answer.context_characters) == (100, len(ENTRY.text) + len("another"))
    assert (answer.semantic, answer.hits[0].found_by, answer.hits[0].score) == (True, "both", 0.5)
    assert [each.entry_id for each in answer.last] == [entry.entry_id, other.entry_id]


@pytest.mark.parametrize("token", ["x", "-1", "1.5", "²", "9" * 30, " 1"])
def test_a_token_that_no_answer_gave_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument):
        entry_place_of(token)


def test_a_token_is_a_place() -> None:
    assert (entry_place_of(""), entry_place_of("17")) == (None, 17)
