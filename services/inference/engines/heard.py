"""What servers say beside their errors, taken only as far as it can be what it should be. Pure."""

from __future__ import annotations

from typing import TypeGuard

from services.inference.model import Usage

COUNTS = 1 << 29
"""Far beyond what any model reads or writes; an answer of five voices adds theirs up to 32 bits on the wire."""


def counted(read: object, written: object) -> Usage:
    """An engine's own count of tokens; none where a number is no count, so that the estimate counts."""
    if is_count(read) and is_count(written):
        return Usage(read, written, counted_by_engine=True)
    return Usage()


def is_count(told: object) -> TypeGuard[int]:
    """Whether this is how many tokens something has. What is booked by it must not grow the budget."""
    return type(told) is int and 0 <= told < COUNTS
