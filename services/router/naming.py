"""What a lesson names and what it suggests, so that it can be seen later whether it was borne out and used. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

USER_REFUSED = "tool.rejected_by_user"
"""The class of failure that a refusal by the user is."""

WORDS_AT_MOST = 64
WORD_CHARS = 120
"""Limits of the contract."""


def named_by(lesson: lesson_pb2.Lesson) -> list[moment_pb2.FailureKey]:
    """The failures that a lesson warns of; a fact warns of none."""
    refusal = lesson.kind == lesson_pb2.LESSON_KIND_USER_REJECTION
    failure = USER_REFUSED if refusal else lesson.failure_class
    if not lesson.tool or not failure:
        return []
    return [moment_pb2.FailureKey(tool=lesson.tool, target_class=lesson.target_class, failure_class=failure)]


def suggested_by(lesson: lesson_pb2.Lesson) -> list[router_pb2.Suggestion]:
    """The calls that a lesson holds up as what worked, each told from the call that failed."""
    fix, tool = lesson.fix, lesson.tool
    match fix.kind:
        case lesson_pb2.FIX_KIND_CHANGED_ARGUMENTS | lesson_pb2.FIX_KIND_OTHER_COMMAND | lesson_pb2.FIX_KIND_OTHER_PATH:
            # A file read in another way keeps its path: its arguments stand where a command would, and cannot be seen.
            return [suggestion(tool, fix.worked, lesson.target)] if fix.worked != lesson.target else []
        case lesson_pb2.FIX_KIND_READ_FIRST:
            return [router_pb2.Suggestion(tool="Read", target=fix.worked)]
        case lesson_pb2.FIX_KIND_STEP_BEFORE:
            return [router_pb2.Suggestion(tool=tool, target=step) for step in fix.steps]
        case lesson_pb2.FIX_KIND_OTHER_DIRECTORY:
            return [router_pb2.Suggestion(tool=tool, target=fix.worked, words=short(fix.steps))]
        case _:
            fact = lesson.kind == lesson_pb2.LESSON_KIND_PROJECT_FACT
            return [router_pb2.Suggestion(tool=tool, target=lesson.target)] if fact else []


def suggestion(tool: str, worked: str, failed: str) -> router_pb2.Suggestion:
    """What worked, with the words of it that were not in what failed."""
    words = short(word for word in dict.fromkeys(worked.split()) if word not in failed.split())
    return router_pb2.Suggestion(tool=tool, target=worked, words=words)


def short(words: Iterable[str]) -> list[str]:
    """Words as the contract takes them."""
    return [word for word in words if len(word) <= WORD_CHARS][:WORDS_AT_MOST]
