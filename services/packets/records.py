"""Calls and advice as their rows keep them, in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from services.packets.outcomes import Call, End, Following, Named, State, Suggested


def dump_calls(calls: Iterable[Call]) -> str:
    """The last calls of a session."""
    return orjson.dumps(list(calls)).decode()


def load_calls(data: str) -> list[Call]:
    """What `dump_calls` made."""
    return [call_of(each) for each in orjson.loads(data)]


def call_of(kept: dict[str, Any]) -> Call:
    """A call as its fields were kept."""
    at, began = datetime.fromisoformat(kept.pop("at")), datetime.fromisoformat(kept.pop("began"))
    return Call(at=at, began=began, end=End(kept.pop("end")), told=tuple(kept.pop("told", ())), **kept)


def dump_following(advice: Following) -> str:
    """What advice names and suggests, and the calls that were looked at; its state has columns of its own."""
    return orjson.dumps(
        {
            "given_for": advice.given_for,
            "names": [[each.tool, each.target_class, each.failure_class] for each in advice.names],
            "suggests": [[each.tool, each.target, sorted(each.words)] for each in advice.suggests],
            "seen": advice.seen,
            "passed": advice.passed,
        }
    ).decode()


def load_following(data: str, given_at: datetime, state: State, blame: float, decided_by: str) -> Following:
    """What `dump_following` made, with what the columns say."""
    kept: dict[str, Any] = orjson.loads(data)
    return Following(
        given_at,
        kept["given_for"],
        tuple(Named(*each) for each in kept["names"]),
        tuple(Suggested(tool, target, frozenset(words)) for tool, target, words in kept["suggests"]),
        tuple(kept["seen"]),
        kept["passed"],
        state,
        blame,
        decided_by,
    )
