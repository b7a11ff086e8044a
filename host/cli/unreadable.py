"""What of recordings could not be read, as commands name it."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.clients.json_lines import Problem

PROBLEMS_SHOWN = 10


def told(problems: Sequence[Problem]) -> list[str]:
    """The first ten places with what is wrong there, and how many more there are; line 0 is the file as a whole."""
    lines = [
        f"{problem.path}:{problem.line}: {problem.reason}" if problem.line else f"{problem.path}: {problem.reason}"
        for problem in problems[:PROBLEMS_SHOWN]
    ]
    more = len(problems) - PROBLEMS_SHOWN
    return [*lines, f"and {more:,} more"] if more > 0 else lines
