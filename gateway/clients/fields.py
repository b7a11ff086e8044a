"""Fields of a client's JSON, each of the type that it must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import orjson

from gateway.sightings import Unusable

Payload = Mapping[str, object]
NOTHING: Payload = {}


def text(payload: Payload, name: str, *, needed: bool = False) -> str:
    """A field as text; a field that is absent or null is empty.

    Raises:
        Unusable: when it is of another type, or needed and empty.
    """
    value = payload.get(name)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise Unusable(f"{name} is not text")
    if needed and not value:
        raise Unusable(f"{name} is missing")
    return value


def text_in(payload: Payload, name: str) -> str:
    """A field as text; empty where it is none."""
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def mapping(payload: Payload, name: str) -> Payload:
    """A field as an object; empty where it is none."""
    value = payload.get(name)
    return cast(Payload, value) if isinstance(value, dict) else NOTHING


def mapping_in(value: object) -> Payload:
    """An object, also where it comes as text of JSON; empty where it is neither."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except ValueError:
            return NOTHING
    return cast(Payload, value) if isinstance(value, dict) else NOTHING


def objects(value: object) -> list[dict[str, object]]:
    """The objects in a list; none in what is no list."""
    if not isinstance(value, list):
        return []
    return [cast("dict[str, object]", item) for item in cast("list[object]", value) if isinstance(item, dict)]


def call_key(tool: str, tool_input: Payload) -> str:
    """What tells a call from others where the client gives it no id."""
    return orjson.dumps([tool, tool_input], option=orjson.OPT_SORT_KEYS).decode()
