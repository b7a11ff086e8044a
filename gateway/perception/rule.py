"""One row of the table of failure classes."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needle:
    """A fragment to look for, and one whole word (folded) without which a text cannot hold it; "" for none."""

    text: str
    word: bytes


@dataclass(frozen=True, slots=True)
class Rule:
    """A failure class with the fragments one of which a line must hold, and the pattern of that line.

    The last group that matched is the salient part, else it is the whole line. A `loose` rule holds for its
    fragments alone: its pattern only picks out the salient part.
    """

    code: str
    needles: tuple[Needle, ...]
    pattern: re.Pattern[str] | None
    loose: bool


def row(code: str, needles: str, *patterns: str, loose: bool = False) -> Rule:
    """A row of a table.

    `needles` are divided by `|` and begin and end with whole words, so that each has a word to tell quickly that it
    is not there. `~` stands before a first letter of either case, `?` before a needle that is a part of words.
    `patterns` are alternatives.
    """
    pattern = re.compile("|".join(patterns)) if patterns else None
    return Rule(code, tuple(_needle(written) for written in needles.split("|")), pattern, loose)


# Letters in lower case, digits and what joins words stay; the rest divides words.
_FOLD = bytes(
    ord(chr(code).lower()) if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "-_/") else 32
    for code in range(256)
)


def folded_words(text: str) -> set[bytes]:
    """The distinct words of a text, in lower case and without punctuation."""
    return set(text.encode("utf-8", "replace").translate(_FOLD).split())


def _needle(written: str) -> Needle:
    if written.startswith("?"):
        return Needle(written[1:], b"")
    text = written[2:] if written.startswith("~") else written
    words = written.encode().translate(_FOLD).split()
    return Needle(text, max(words, key=len, default=b""))
