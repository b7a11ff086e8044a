"""Conversations forgotten lately: what belongs to them, and how long and how many are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from services.inference.conversation import reply_id
from services.memory.entries import Conversation, Entry, Speaker
from services.memory.forgotten import KEPT, Forgotten

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = Conversation("local", "s1")
SECOND = timedelta(seconds=1)


def entry(entry_id: str, conversation: Conversation = HERE) -> Entry:
    return Entry(conversation, entry_id, Speaker.ASSISTANT, "a reply", NOW + SECOND)


def born(at: datetime) -> str:
    return str(ULID.from_datetime(at))


@pytest.mark.parametrize(
    ("at", "held"), [(NOW - SECOND, True), (NOW, True), (NOW + timedelta(milliseconds=1), False)], ids=str
)
def test_what_was_born_before_belongs_to_what_was_forgotten(at: datetime, held: bool) -> None:
    forgotten = Forgotten()
    forgotten.add(HERE, NOW)
    assert forgotten.holds(entry(born(at))) is held
    assert forgotten.holds(entry(reply_id(born(at)))) is held
    assert not forgotten.holds(entry(born(at), Conversation("local", "s2")))
    assert not forgotten.holds(entry(born(at), Conversation("other", "s1")))


def test_an_id_that_tells_no_time_belongs_to_nothing() -> None:
    forgotten = Forgotten()
    forgotten.add(HERE, NOW)
    assert not forgotten.holds(entry("Z" * 26))


def test_no_more_is_known_than_some_minutes_and_some_conversations() -> None:
    forgotten = Forgotten(most=3)
    for number in range(5):
        forgotten.add(Conversation("local", f"s{number}"), NOW)
    assert len(forgotten) == 3
    forgotten.add(Conversation("local", "s3"), NOW + SECOND)
    forgotten.add(HERE, NOW + KEPT + SECOND)
    assert len(forgotten) == 2, "what was forgotten again counts from then"
    assert forgotten.holds(entry(born(NOW), Conversation("local", "s3")))
