"""Under which keys a packet is filed, and under which a moment looks. One file, so that both sides always agree.

A key names the kind of moment, then what it is about. Exact keys name the very call; relaxed keys its class, the call
before it, or a word. Intent is never part of a key: where a word is misread, the packet is still found by its call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chassis.identifiers import digest
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2

KEY_CHARS = 160

EXACT = 10.0
"""An exact key outweighs any sum of relaxed ones."""
NAMED = 8.0
"""The error names the same missing or unknown thing, in another call of the same class."""
CLASS = 4.0
"""Same tool, same class of target, same class of failure (the seed's weight for the tool)."""
AFTER = 4.0
"""The very call after which it happened before."""
PURPOSE = 3.0
"""A command for the same purpose that works here."""
WORD = 1.0
"""One word in common with a prompt."""

USAGE_BEFORE_CALL = frozenset({"shell.bad_flag", "shell.unknown_subcommand", "shell.command_not_found"})
"""Failures that any call of the same program is likely to meet, so worth a word before each."""

NAMES_THE_THING = USAGE_BEFORE_CALL | {"shell.missing_module", "shell.missing_tool", "shell.missing_env"}

UNNAMED = "shell.exit_code"
"""Says only that something failed."""

NEEDS_A_KNOWN_COMMAND = frozenset(
    {"shell.command_not_found", "shell.missing_tool", "shell.missing_module", "shell.wrong_directory"}
    | {"shell.unknown_subcommand", "test.none_found", "shell.no_such_path"}
)
"""After these the command that works here for the same purpose is worth knowing."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A key under which a packet is filed, and how much finding it there says."""

    key: str
    weight: float


@dataclass(frozen=True, slots=True)
class Sought:
    """A key under which a moment looks."""

    key: str
    weight: float
    exact: bool


def keys_of(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """The keys of the packet made from a lesson."""
    match lesson.kind:
        case lesson_pb2.LESSON_KIND_FAILURE_FIX | lesson_pb2.LESSON_KIND_REPEATED_FAILURE:
            filed = of_failure(lesson)
        case lesson_pb2.LESSON_KIND_USER_REJECTION:
            filed = of_rejection(lesson)
        case lesson_pb2.LESSON_KIND_PROJECT_FACT:
            filed = of_fact(lesson)
        case _:
            filed = []
    strongest: dict[str, float] = {}
    for item in filed:
        strongest[item.key] = max(item.weight, strongest.get(item.key, 0.0))
    return [Filed(key, weight) for key, weight in strongest.items()]


def of_failure(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """At the failure itself always; before it only while nothing says that the call works by now."""
    tool, target, group = lesson.tool, lesson.target, lesson.target_class
    failure, signature = lesson.failure_class, lesson.signature
    filed = [Filed(key("failed", tool, target, failure), EXACT)]
    if failure in NAMES_THE_THING and signature:
        filed.append(Filed(key("named", tool, failure, signature), NAMED))
    elif lesson.kind == lesson_pb2.LESSON_KIND_FAILURE_FIX and failure.startswith("shell.") and failure != UNNAMED:
        filed.append(Filed(key("failed-class", tool, group, failure), CLASS))
    # Most edits come after a read, so a word before each would be noise.
    if lesson.worked_since or lesson.fix.kind == lesson_pb2.FIX_KIND_READ_FIRST:
        return filed
    filed.append(Filed(key("call", tool, target), EXACT))
    if failure in USAGE_BEFORE_CALL and lesson.program:
        filed.append(Filed(key("program", tool, lesson.program, group), CLASS))
    filed += [Filed(key("after", antecedent), AFTER) for antecedent in lesson.antecedents]
    return filed + of_words(lesson)


def of_rejection(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """Before a like call, and on a prompt about it."""
    words = of_words(lesson)
    if lesson.tool == "Bash" and lesson.target_class:
        same = Filed(key("program", lesson.tool, lesson.program, lesson.target_class), CLASS)
        return [Filed(key("call", lesson.tool, lesson.target), EXACT), same, *words]
    # One refused edit was about that edit; a file refused twice is about the file.
    if lesson.provenance.occurrences > 1:
        return [Filed(key("call", lesson.tool, lesson.target), EXACT), *words]
    return words


def of_fact(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """When a command for the same purpose fails for want of the right one, and on a prompt about it."""
    return [Filed(key("purpose", str(lesson.purpose)), PURPOSE), *of_words(lesson)]


def of_words(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """By each of its words."""
    return [Filed(key("word", token), WORD) for token in lesson.tokens]


def keys_for(moment: moment_pb2.Moment) -> list[Sought]:
    """The keys under which a moment looks; none where nothing can be said."""
    call, outcome = moment.call, moment.outcome
    match moment.kind:
        case moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED | moment_pb2.MOMENT_KIND_SESSION_STARTED:
            return for_words(moment.prompt.tokens)
        case moment_pb2.MOMENT_KIND_CALL_PROPOSED:
            return [
                Sought(key("call", call.tool, call.target), EXACT, exact=True),
                Sought(key("program", call.tool, call.program, call.target_class), CLASS, exact=False),
            ]
        case moment_pb2.MOMENT_KIND_CALL_SUCCEEDED:
            return [Sought(key("after", f"{call.tool} {call.target}"[:300]), AFTER, exact=False)]
        case moment_pb2.MOMENT_KIND_CALL_FAILED:
            failure = outcome.failure_class
            sought = [
                Sought(key("failed", call.tool, call.target, failure), EXACT, exact=True),
                Sought(key("failed-class", call.tool, call.target_class, failure), CLASS, exact=False),
            ]
            if failure in NAMES_THE_THING and outcome.signature:
                sought.append(Sought(key("named", call.tool, failure, outcome.signature), NAMED, exact=True))
            if failure in NEEDS_A_KNOWN_COMMAND and call.purpose:
                sought.append(Sought(key("purpose", str(call.purpose)), PURPOSE, exact=False))
            return sought
        case _:
            return []


def for_words(tokens: Iterable[str]) -> list[Sought]:
    """By each word of a prompt."""
    return [Sought(key("word", token), WORD, exact=False) for token in tokens]


def key(kind: str, *parts: str) -> str:
    """A key as text that a person can read; what is too long keeps its beginning and its hash."""
    text = "|".join((kind, *parts)).replace("\x00", "")
    if len(text) <= KEY_CHARS:
        return text
    return f"{text[: KEY_CHARS - 33]}#{digest(text)}"
