"""When conversations were forgotten, so that what was on its way then does not bring them back. Standard library and
ULIDs only."""

from __future__ import annotations

from datetime import datetime, timedelta

from ulid import ULID

from services.memory.entries import Conversation, Entry

KEPT = timedelta(minutes=10)
"""Longer than any answer takes: over HTTP it has 60 s."""
MOST = 10_000
"""Conversations forgotten within that time; beyond it the first of them is let go."""


class Forgotten:
    """The conversations forgotten lately, each with the time of it; bounded in time and number."""

    def __init__(self, kept: timedelta = KEPT, most: int = MOST) -> None:
        self._kept = kept
        self._most = most
        self._at: dict[Conversation, datetime] = {}

    def __len__(self) -> int:
        """How many are known."""
        return len(self._at)

    def add(self, conversation: Conversation, now: datetime) -> None:
        """Notes that a conversation is forgotten now."""
        self._at.pop(conversation, None)
        self._at[conversation] = now
        # Each is put at the end, so that the first is the oldest.
        while len(self._at) > self._most or now - next(iter(self._at.values())) > self._kept:
            del self._at[next(iter(self._at))]

    def holds(self, entry: Entry) -> bool:
        """Whether an entry belongs to what was forgotten: its id was born before, and that of a reply carries the time
        of what it replies to."""
        at = self._at.get(entry.conversation)
        return at is not None and born_by(entry.entry_id, at)


def born_by(entry_id: str, at: datetime) -> bool:
    """Whether an id was born by then, to the millisecond, which is what a ULID tells."""
    try:
        return ULID.from_str(entry_id).milliseconds <= int(at.timestamp() * 1000)
    except ValueError:
        # Letters of the right kind that tell a time past the year 10889.
        return False
