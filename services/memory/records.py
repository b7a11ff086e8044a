"""Session states and lessons as the JSON that Postgres keeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from services.memory.model import (
    Call,
    Fix,
    FixKind,
    Kind,
    Lesson,
    OpenFailure,
    Provenance,
    Purpose,
    SessionState,
    State,
    Trace,
)

Record = Mapping[str, Any]


def dump(value: Lesson | SessionState) -> str:
    """The JSON of a lesson or a session's state."""
    return orjson.dumps(value).decode()


def load_lesson(text: str) -> Lesson:
    """A lesson from its JSON."""
    body: Record = orjson.loads(text)
    fields: dict[str, Any] = {
        **body,
        "kind": Kind(body["kind"]),
        "state": State(body["state"]),
        "call": call_from(body["call"]),
        "provenance": provenance_from(body["provenance"]),
        "fix": fix_from(body["fix"]),
        "rival": fix_from(body["rival"]),
        "announced_at": body["announced_at"] and datetime.fromisoformat(body["announced_at"]),
    }
    fields |= {name: tuple(body[name]) for name in ("call_sessions", "failed_calls")}
    for name in ("tried", "prompt_tokens", "antecedents"):
        fields[name] = tuple(Trace(**trace) for trace in body[name])
    return Lesson(**fields)


def load_state(text: str) -> SessionState:
    """A session's state from its JSON."""
    body: Record = orjson.loads(text)
    return SessionState(
        index=body["index"],
        prompt_tokens=tuple(body["prompt_tokens"]),
        previous=body["previous"],
        previous_like=body.get("previous_like", ""),
        recent=tuple(body["recent"]),
        returned=tuple(body["returned"]),
        open=tuple(open_from(item) for item in body["open"]),
    )


def fix_from(item: Record | None) -> Fix | None:
    """A fix from its JSON; None where none is known."""
    if item is None:
        return None
    return Fix(FixKind(item["kind"]), item["worked"], tuple(item["steps"]), tuple(item["sessions"]))


def open_from(item: Record) -> OpenFailure:
    """An open failure from its JSON."""
    fields: dict[str, Any] = {
        **item,
        "call": call_from(item["call"]),
        "at": datetime.fromisoformat(item["at"]),
        "steps": tuple(call_from(step) for step in item["steps"]),
    }
    return OpenFailure(**fields)


def call_from(item: Record) -> Call:
    """A call from its JSON."""
    fields: dict[str, Any] = {**item, "purpose": Purpose(item["purpose"]), "tokens": tuple(item["tokens"])}
    return Call(**fields)


def provenance_from(item: Record) -> Provenance:
    """A provenance from its JSON."""
    return Provenance(
        sessions=tuple(item["sessions"]),
        calls=tuple(item["calls"]),
        occurrences=item["occurrences"],
        fixes=item["fixes"],
        first_seen=datetime.fromisoformat(item["first_seen"]),
        last_seen=datetime.fromisoformat(item["last_seen"]),
    )
