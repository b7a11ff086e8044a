"""What servers say beside their errors, taken only as far as it can be what it should be. Pure."""

from __future__ import annotations

import re
from typing import TypeGuard

from services.inference.model import Usage

COUNTS = 1 << 29
"""Far beyond what any model reads or writes; an answer of five voices adds theirs up to 32 bits on the wire."""
UNNAMED = "unnamed"
NAME = re.compile(r"[A-Za-z0-9_.:/@+-]{1,128}")


class Pieces:
    """Makes one server's pieces such that they can be sent: whole letters, and nothing that is no text."""

    def __init__(self) -> None:
        self._half = ""

    def text(self, piece: object) -> str:
        """What can be shown now. Servers split a letter beyond 16 bits over two pieces; its first half waits for the
        second, and half a letter that stays alone becomes U+FFFD, or nothing at the end."""
        if not isinstance(piece, str):
            return ""
        text, self._half = self._half + piece, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def counted(read: object, written: object) -> Usage:
    """An engine's own count of tokens; none where a number is no count, so that the estimate counts."""
    if is_count(read) and is_count(written):
        return Usage(read, written, counted_by_engine=True)
    return Usage()


def is_count(told: object) -> TypeGuard[int]:
    """Whether this is how many tokens something has. What is booked by it must not grow the budget."""
    return type(told) is int and 0 <= told < COUNTS


def name_from(told: str, key: str) -> str:
    """The name of a model as it is shown, in metrics too: not one that is no plain name, or has the key in it."""
    return told if NAME.fullmatch(told) and not (key and key in told) else UNNAMED
