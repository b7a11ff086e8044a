"""Where in a text a secret stands, and how it is taken out."""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

TAG_OPENING = "[redacted:"


class Span(NamedTuple):
    """A secret: characters `start` (included) to `end` (excluded) of a text, and what kind of secret it is."""

    start: int
    end: int
    kind: str


class Reading(IntEnum):
    """How the text's assignments are to be read; each reading includes the ones before it."""

    ORDINARY = 0
    """Code, prose or terminal output: a bare word after a secret name may be a variable."""
    CONFIGURATION = 1
    """A configuration file: a bare word after a secret name is its value."""
    DOTENV = 2
    """A `.env` file: every assigned value is a secret, whatever its name."""


def tag(kind: str) -> str:
    """What stands in a text in place of a secret."""
    return f"{TAG_OPENING}{kind}]"


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same secrets in order of place, overlapping ones joined under the kind of the one that starts first."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start < joined[-1].end:
            if span.end > joined[-1].end:
                joined[-1] = joined[-1]._replace(end=span.end)
        else:
            joined.append(span)
    return joined


def replaced(text: str, spans: Iterable[Span]) -> str:
    """The text with each of the merged spans replaced by its tag."""
    pieces: list[str] = []
    position = 0
    for start, end, kind in spans:
        pieces += (text[position:start], tag(kind))
        position = end
    pieces.append(text[position:])
    return "".join(pieces)
