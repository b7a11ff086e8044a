"""What a caller puts before a model instead of the whole conversation, and how much smaller it is: measured. Pure."""

from __future__ import annotations

from services.memory.entries import Entry, Recalled


def context_of(recalled: Recalled) -> list[Entry]:
    """The hits that are not among the last entries, nearest first, then the last ones, oldest first: each once."""
    last = {entry.entry_id for entry in recalled.last}
    return [*(hit.entry for hit in recalled.hits if hit.entry.entry_id not in last), *recalled.last]


def characters_of(entries: list[Entry]) -> int:
    """Unicode characters of what they say."""
    return sum(len(entry.text) for entry in entries)


def compression(recalled: Recalled) -> float:
    """How many times the context goes into the conversation, by characters of what was said: 1 where all of it was
    recalled, 0 where nothing was."""
    given = characters_of(context_of(recalled))
    return recalled.conversation_characters / given if given else 0.0
