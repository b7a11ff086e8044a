"""The rows of flat tables of recorded runs: one row a call, a prompt, or a failure with its fix.

A table is recognised by the fields of its rows, whatever its name and whoever wrote it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from sys import intern
from typing import cast

import orjson

from gateway.perception.targets import SHELL_TOOLS
from host.recordings.cut_json import object_from

OUTCOMES = frozenset({"ok", "error", "rejected", "interrupted", "sibling"})
"""How a call can come back; `sibling` is cancelled with another."""
YEARS = range(1990, 2101)
"""In which a recorded time can lie: others are mistakes, and the gateway takes none after 2199."""

SHELL = "Bash"
"""Claude Code's name of the shell; rows of other agents call it by their own."""


class Kind(Enum):
    """What a table holds, by the fields without which its rows say nothing."""

    CALLS = frozenset({"session", "idx", "tool", "outcome"})
    PROMPTS = frozenset({"session", "prompt_idx", "text"})
    PAIRS = frozenset({"session", "fail_idx", "fix_idx"})


class Damaged(ValueError):
    """A row that nothing can be made of; its text says why."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call and how it came back."""

    session: str
    index: int
    at: datetime | None
    tool: str
    """As the table names it."""
    target: str
    """As the table gives it: of a shell the program with its sub-command, else a path or nothing."""
    input: str
    """The arguments as JSON, or a shell's bare command."""
    outcome: str
    """One of `OUTCOMES`."""
    error_class: str
    error: str
    subagent: bool
    prompt: int
    """Number of the prompt that the call follows; 0 where none is known."""

    @property
    def is_shell(self) -> bool:
        """Whether a shell was called."""
        return self.tool in SHELL_TOOLS

    @property
    def target_class(self) -> str:
        """Of a shell the program with its sub-command, of a path its extension, else nothing: the tool alone."""
        return self.target if self.is_shell else posixpath.splitext(posixpath.basename(self.target))[1].lower()

    @property
    def id(self) -> str:
        """Stable id of the call, also over several readings."""
        return f"{self.session}:{self.index}"[-200:]

    def arguments(self) -> dict[str, object]:
        """The arguments as the client would send them."""
        found = object_from(self.input)
        if self.is_shell:
            return found if found is not None and "command" in found else {"command": self.input}
        return found if found is not None else {"input": self.input} if self.input else {}


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt that a user typed."""

    session: str
    index: int
    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class PairRow:
    """A failure and the call that fixed it, by their places in the session."""

    session: str
    failure: int
    fix: int


def kind_of(row: Mapping[str, object]) -> Kind | None:
    """What sort of table a row comes from; None for a line of anything else, such as a transcript."""
    return next((kind for kind in Kind if kind.value <= row.keys()), None)


def call_row(row: Mapping[str, object]) -> CallRow:
    """A call.

    Raises:
        Damaged: when it does not say whose it is, which tool, or how it came back.
    """
    given = row.get("input")
    outcome = intern(_needed(row, "outcome"))
    if outcome not in OUTCOMES:
        raise Damaged(f"a row whose outcome is none of {', '.join(sorted(OUTCOMES))}")
    return CallRow(
        session=_needed(row, "session")[:200],
        index=_place(row, "idx"),
        at=_time(row.get("ts")),
        tool=intern(_needed(row, "tool")[:200]),
        target=intern(_text(row.get("target"))),
        input=given if isinstance(given, str) else orjson.dumps(given).decode() if given else "",
        outcome=outcome,
        error_class=intern(_text(row.get("error_class"))),
        error=_text(row.get("error")),
        subagent=row.get("subagent") is True,
        prompt=_number(row.get("prompt_idx"), 0),
    )


def prompt_row(row: Mapping[str, object]) -> PromptRow:
    """A prompt.

    Raises:
        Damaged: when it does not say whose it is, or where it stands.
    """
    return PromptRow(
        _needed(row, "session")[:200], _place(row, "prompt_idx"), _time(row.get("ts")), _text(row.get("text"))
    )


def pair_row(row: Mapping[str, object]) -> PairRow:
    """A pair.

    Raises:
        Damaged: when it does not say whose it is, or which calls it joins.
    """
    return PairRow(_needed(row, "session")[:200], _place(row, "fail_idx"), _place(row, "fix_idx"))


def has_absurd_time(row: Mapping[str, object]) -> bool:
    """Whether a row gives a time at which nothing can have been recorded; it is read as one without a time."""
    moment = _moment(row.get("ts"))
    return moment is not None and moment.year not in YEARS


def leaves(value: object) -> Iterator[str]:
    """The texts in a JSON value, in their order; numbers and truth values as JSON writes them."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(reversed(list(cast("dict[str, object]", item).values())))
        elif isinstance(item, list):
            waiting.extend(reversed(cast("list[object]", item)))
        elif isinstance(item, str):
            yield item
        elif item is not None:
            yield orjson.dumps(item).decode()


def _needed(row: Mapping[str, object], name: str) -> str:
    value = _text(row.get(name))
    if not value:
        raise Damaged(f"a row without {name}")
    return value


def _place(row: Mapping[str, object], name: str) -> int:
    value = _number(row.get(name), -1)
    if value < 0:
        raise Damaged(f"a row whose {name} is no number")
    return value


def _number(value: object, otherwise: int) -> int:
    return value if type(value) is int and 0 <= value < 2**31 else otherwise


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    moment = _moment(value)
    if moment is None or moment.year not in YEARS:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
