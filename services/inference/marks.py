"""What of a text is code, what is quoted, and what is said. Pure.

The marks are those of chassis/quotation.py: commands and paths stand in backticks, what a tool printed or a user said
in double quotes. Whichever opens first holds until it closes, so a backtick in a quotation opens nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

SMART = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "＂": '"', "‘": "'", "’": "'", "–": "—"})
"""Typographer's marks that models like to write, as those that they stand for."""
LEADING = "([{'"
TRAILING = ".,;:!?)]}'…"
ENDS_SENTENCE = ".!?…"


class Kind(Enum):
    """Whose a piece of text is."""

    SAID = "said"
    CODE = "code"
    QUOTED = "quoted"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Piece:
    """A word that is said, a whole piece of code, a whole quotation, or a break between clauses.

    `text` is without the marks; `initial` says whether a sentence begins with it, `ends` of a break whether one ends.
    """

    kind: Kind
    text: str
    initial: bool = False
    ends: bool = False


class Unclosed(ValueError):
    """A text ends within code or a quotation."""


def pieces(text: str, *, strict: bool = False) -> list[Piece]:
    """The pieces of a text in order.

    Raises:
        Unclosed: when `strict` and a mark is not closed; else what follows the mark counts as within.
    """
    found: list[Piece] = []
    rest = text.translate(SMART)
    while rest:
        mark = re.search(r'[`"]', rest)
        if mark is None:
            said(rest, found)
            break
        said(rest[: mark.start()], found)
        inner, closed, rest = rest[mark.end() :].partition(mark.group())
        if strict and not closed:
            raise Unclosed("a quotation or a piece of code is not closed")
        kind = Kind.CODE if mark.group() == "`" else Kind.QUOTED
        found.append(Piece(kind, " ".join(inner.split()), begins(found)))
    return found


def said(text: str, found: list[Piece]) -> None:
    """Adds the words and breaks of a stretch without marks."""
    for raw in text.replace("—", " , ").split():
        word = bare(raw)
        ahead, _, behind = raw.partition(word) if word else ("", "", raw)
        found += [Piece(Kind.BREAK, mark) for mark in ahead]
        if word:
            found.append(Piece(Kind.SAID, word, begins(found)))
        found += [Piece(Kind.BREAK, mark, ends=mark in ENDS_SENTENCE) for mark in behind]


def bare(raw: str) -> str:
    """A word without the punctuation around it; a lone dash is none, and dots that may be a path's stay."""
    word = raw.lstrip(LEADING).rstrip(TRAILING)
    dots = raw[len(raw.rstrip(TRAILING)) :].count(".")
    if word and (dots == 2 or (dots and word.endswith("/"))):
        return raw
    return "" if word == "-" else word


def begins(found: list[Piece]) -> bool:
    """Whether a sentence begins behind these pieces."""
    for piece in reversed(found):
        if piece.kind is not Kind.BREAK:
            return False
        if piece.ends:
            return True
    return True


def sentences(found: list[Piece]) -> int:
    """How many sentences these pieces make."""
    return sum(piece.initial for piece in found)
