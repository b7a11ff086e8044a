"""What a prompt asks to be done with the project as it stands: its tests run, built, linted.

Only where it says so in a clause of its own. "Build me a page" asks for something new, "write tests" for code, and
"test whether" for a judgement.
"""

from __future__ import annotations

import re

from gateway.perception.purposes import Purpose

READ_CHARS = 600
"""A request stands at the beginning; what follows is often pasted."""

_CLAUSE = r"(?:^|[.;:!?,] ?|\b(?:and|then|please|to|now) )"
_ALL = r"(?:(?:the|all|our|its|full|whole|complete|unit|integration|a|again) )*"
_RUN = rf"{_CLAUSE}(?:re-?run|run|execute|do|start|try|repeat) {_ALL}"
_IT = r"(?:it|this|that|them|again|once|everything|all|now|and|then|before|after|the (?:project|app|code|site|image))"
_ENDS = rf"(?= ?(?:$|[.;:!?,)])| {_IT}\b)"


def _asked(noun: str, verb: str) -> re.Pattern[str]:
    return re.compile(rf"{_RUN}(?:{noun})\b|{_CLAUSE}(?:{verb}){_ENDS}", re.IGNORECASE)


_ASKED = {
    Purpose.TEST: _asked("tests?|test[ -]suite|specs?", "(?:re-?)?test"),
    Purpose.BUILD: _asked("build", "(?:re-?)?build"),
    Purpose.LINT: _asked("lint(?:er|ers|ing|s)?", "(?:re-?)?lint"),
}


def asked_for(text: str) -> tuple[Purpose, ...]:
    """What the beginning of a prompt asks for, each once; nothing for most prompts."""
    beginning = " ".join(text[:READ_CHARS].replace("\n", ". ").split())
    return tuple(purpose for purpose, pattern in _ASKED.items() if pattern.search(beginning))
