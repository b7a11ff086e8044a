"""Under which keys a packet is filed, and under which a moment looks. One file, so that both sides always agree.

A key names the kind of moment, then what it is about. Exact keys name the very call; relaxed keys its class, the call
before it, or a word. Intent is never part of a key: where a word is misread, the packet is still found by its call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chassis.identifiers import digest
from services.packets.outcomes import CODE_FAMILIES, of_code
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
"""One word of the call, or of what it is for, in common with a prompt."""
PROMPT_WORD = 0.05
"""One word in common with a prompt under which it happened. All sixteen together weigh less than one word of the call:
they bear out what such a word says, and say nothing alone."""

EVERYDAY = frozenset({"run", "add", "check", "fix", "show", "list", "start", "creat", "updat", "new", "file"})
"""Words of commands (in their stems) that a prompt about anything may have: worth no more than a prompt's own."""

USAGE_BEFORE_CALL = frozenset({"shell.bad_flag", "shell.unknown_subcommand", "shell.command_not_found"})
"""Failures that any call of the same program is likely to meet, so worth a word before each."""

FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
"""A flag: a lesson about one is for calls that have it."""
FLAGS_SOUGHT = 9

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
    tool, group = lesson.tool, lesson.target_class
    failure, signature = lesson.failure_class, lesson.signature
    about = subject(tool, lesson.target, lesson.input_digest)
    filed = [Filed(failed_key(tool, about, failure, signature), EXACT)] if about else []
    if failure in NAMES_THE_THING and signature:
        filed.append(Filed(key("named", tool, failure, signature), NAMED))
    elif lesson.kind == lesson_pb2.LESSON_KIND_FAILURE_FIX and failure.startswith("shell.") and failure != UNNAMED:
        filed.append(Filed(key("failed-class", tool, group, failure), CLASS))
    if not worth_saying_ahead(lesson):
        return filed
    if about:
        filed.append(Filed(key("call", tool, about), EXACT))
    if failure in USAGE_BEFORE_CALL and lesson.program:
        flags = FLAG.findall(signature) if failure == "shell.bad_flag" else [""]
        filed += [Filed(key("program", tool, lesson.program, group, flag), CLASS) for flag in flags[:1]]
    if lesson.kind == lesson_pb2.LESSON_KIND_REPEATED_FAILURE:
        return filed
    filed += [Filed(key("after", antecedent), AFTER) for antecedent in lesson.antecedents]
    return filed + of_words(lesson)


def worth_saying_ahead(lesson: lesson_pb2.Lesson) -> bool:
    """Whether a failure is worth a word before it comes again.

    Not where the call works by now, not for edits, most of which come after a read, and not for code under work, whose
    tests and linters are run to fail.
    """
    code = lesson.failure_class.partition(".")[0] in CODE_FAMILIES
    repeated = lesson.kind == lesson_pb2.LESSON_KIND_REPEATED_FAILURE
    return not (lesson.worked_since or lesson.fix.kind == lesson_pb2.FIX_KIND_READ_FIRST or (code and repeated))


def of_rejection(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """Before a like call, after one like that before it, and on a prompt about it."""
    after = [Filed(key("after-like", antecedent), AFTER) for antecedent in lesson.antecedents]
    words = [*after, *of_words(lesson)]
    about = subject(lesson.tool, lesson.target, lesson.input_digest)
    very = [Filed(key("call", lesson.tool, about), EXACT)] if about else []
    if lesson.tool == "Bash" and lesson.target_class:
        same = Filed(key("program", lesson.tool, lesson.program, lesson.target_class, ""), CLASS)
        return [*very, same, *words]
    # One refused edit was about that edit; a file refused twice is about the file.
    return [*very, *words] if lesson.provenance.occurrences > 1 else words


def of_fact(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """When a command for the same purpose fails for want of the right one, and on a prompt about it."""
    return [Filed(key("purpose", str(lesson.purpose)), PURPOSE), *of_words(lesson)]


def of_words(lesson: lesson_pb2.Lesson) -> list[Filed]:
    """By each of its words, and by those of the prompts under which it happened."""
    said = [Filed(key("word", token), PROMPT_WORD) for token in lesson.prompt_tokens]
    return said + [Filed(key("word", token), PROMPT_WORD if token in EVERYDAY else WORD) for token in lesson.tokens]


def keys_for(moment: moment_pb2.Moment) -> list[Sought]:
    """The keys under which a moment looks; none where nothing can be said."""
    call, outcome = moment.call, moment.outcome
    about = subject(call.tool, call.target, call.input_digest)
    match moment.kind:
        case moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED | moment_pb2.MOMENT_KIND_SESSION_STARTED:
            asked = [Sought(key("purpose", str(each)), exact=False) for each in moment.prompt.asks_for]
            return [*for_words(moment.prompt.tokens), *asked]
        case moment_pb2.MOMENT_KIND_CALL_PROPOSED:
            very = [Sought(key("call", call.tool, about), exact=True)] if about else []
            asked = ["", *dict.fromkeys(FLAG.findall(call.target))][:FLAGS_SOUGHT]
            like = [key("program", call.tool, call.program, call.target_class, flag) for flag in asked]
            return [*very, *(Sought(name, exact=False) for name in like)]
        case moment_pb2.MOMENT_KIND_CALL_SUCCEEDED:
            if call.target in {"", call.tool}:
                return []
            very = f"{call.tool} {call.target}"[:300]
            like = f"{call.tool} {call.target_class}"[:300]
            return [Sought(key(*named), exact=False) for named in (("after", very), ("after-like", like))]
        case moment_pb2.MOMENT_KIND_CALL_FAILED:
            failure, signature = outcome.failure_class, outcome.signature
            sought = [Sought(key("failed-class", call.tool, call.target_class, failure), exact=False)]
            if about:
                sought.insert(0, Sought(failed_key(call.tool, about, failure, signature), exact=True))
            if failure in NAMES_THE_THING and signature:
                sought.append(Sought(key("named", call.tool, failure, signature), exact=True))
            if failure in NEEDS_A_KNOWN_COMMAND and call.purpose:
                sought.append(Sought(key("purpose", str(call.purpose)), exact=False))
            return sought
        case _:
            return []


def subject(tool: str, target: str, input_digest: str) -> str:
    """What a call is about: its target, else the hash of all that it was given; empty where neither is known.

    A target that is empty or the tool's own name is that of every call of the tool.
    """
    if target not in {"", tool}:
        return target
    return f"#{input_digest}" if input_digest else ""


def failed_key(tool: str, about: str, failure: str, signature: str) -> str:
    """The key of a failure itself."""
    return key("failed", tool, about, failure, signature) if of_code(failure) else key("failed", tool, about, failure)


def for_words(tokens: Iterable[str]) -> list[Sought]:
    """By each word of a prompt."""
    return [Sought(key("word", token), exact=False) for token in tokens]


def key(kind: str, *parts: str) -> str:
    """A key as text that a person can read; what is too long keeps its beginning and its hash."""
    text = "|".join((kind, *parts)).replace("\x00", "")
    if len(text) <= KEY_CHARS:
        return text
    return f"{text[: KEY_CHARS - 33]}#{digest(text)}"
