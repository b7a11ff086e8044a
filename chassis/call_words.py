"""The words by which calls are told apart: the same for who suggests one and for who sees whether it was made."""

from __future__ import annotations

import re

WORD_CHARS = 60

PIECE = re.compile(r"[^\s\"'`|;&()<>,{}\[\]]+")
LETTER = re.compile(r"[A-Za-z]")


def call_words(text: str) -> tuple[str, ...]:
    """The pieces of a command, a path or a sentence that tell calls apart, each once, in their order."""
    found = (piece.rstrip(".:!?") for piece in PIECE.findall(text))
    return tuple(dict.fromkeys(piece for piece in found if usable(piece)))


def usable(word: str) -> bool:
    """Whether a piece tells calls apart: longer than one sign, not too long to be said, and no number."""
    return 1 < len(word) < WORD_CHARS and bool(LETTER.search(word))
