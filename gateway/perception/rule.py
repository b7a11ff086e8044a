"""One row of the table of failure classes."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A failure class with the fragments one of which a line must hold, and the pattern of that line.

    The last group that matched is the salient part, else it is the whole line. A `loose` rule holds for its
    fragments alone: its pattern only picks out the salient part.
    """

    code: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str] | None
    loose: bool


def row(code: str, needles: str, *patterns: str, loose: bool = False) -> Rule:
    """A row of a table: `needles` are divided by `|`, `patterns` are alternatives."""
    return Rule(code, tuple(needles.split("|")), re.compile("|".join(patterns)) if patterns else None, loose)
