"""A JSON object whose text was cut off: recordings keep only the beginning of long inputs."""

from __future__ import annotations

import re
from typing import cast

import orjson

_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")
_CLOSING = {"{": "}", "[": "]"}


def object_from(text: str) -> dict[str, object] | None:
    """The object that a text is, or was before its end was cut off; None where it is none.

    A string that was cut keeps its beginning; a member of which no value is left goes.
    """
    whole = _object(text)
    if whole is not None or not text.lstrip().startswith("{"):
        return whole
    for candidate in _closed(text):
        found = _object(candidate)
        if found is not None:
            return found
    return None


def _closed(text: str) -> list[str]:
    """What the text may have been, the longest first: ended where it stops, else behind its last complete member."""
    open_: list[str] = []
    in_string = escaped = False
    member = ""
    for at, letter in enumerate(text):
        if in_string:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                in_string = False
        elif letter == '"':
            in_string = True
        elif letter in _CLOSING:
            open_.append(_CLOSING[letter])
            member = text[: at + 1] + _ending(open_)
        elif letter in "}]" and open_:
            open_.pop()
        elif letter == ",":
            member = text[:at] + _ending(open_)
    ended = _without_half_escape(text) + '"' if in_string else text
    return [ended + _ending(open_), member]


def _without_half_escape(text: str) -> str:
    cut = _HALF_ESCAPE.search(text)
    if cut is None:
        return text
    # An escaped backslash is whole: only an odd number of them begins an escape.
    start = cut.start()
    before = len(text[:start]) - len(text[:start].rstrip("\\"))
    return text[:start] if before % 2 == 0 else text


def _ending(open_: list[str]) -> str:
    return "".join(reversed(open_))


def _object(text: str) -> dict[str, object] | None:
    try:
        value: object = orjson.loads(text)
    except ValueError:
        return None
    return cast("dict[str, object]", value) if isinstance(value, dict) else None
