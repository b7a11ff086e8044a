"""What a conversation consists of, and what recalling it gives. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Speaker(IntEnum):
    """Whose words; the numbers are those of the contract, and stored."""

    USER = 1
    ASSISTANT = 2


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation; nothing that is said in another is ever looked at for it."""

    workspace_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing said. Callers have taken secrets out of `text` before it comes here."""

    conversation: Conversation
    entry_id: str
    speaker: Speaker
    text: str
    said_at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by: kept once, however often it comes."""
        return self.conversation.workspace_id, self.entry_id


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that is about what was asked: how near, 0 to 1, and found how ("lexical", "semantic", "both")."""

    entry: Entry
    score: float
    found_by: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a conversation knows about something."""

    hits: tuple[Hit, ...]
    """Nearest first."""
    last: tuple[Entry, ...]
    """Oldest first."""
    semantic: bool
    """Whether embeddings took part."""
    conversation_characters: int
    """Characters of the whole conversation but for what is archived."""
