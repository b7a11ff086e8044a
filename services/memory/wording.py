"""The words of a lesson: bounded quotations of what was done and seen, never a sentence that a tool printed.

What a tool printed stands in double quotes after the word that says so; commands are the agent's own. A lesson states
what happened here; what follows from it is left to the agent.
"""

from __future__ import annotations

from datetime import datetime

from chassis.quotation import clipped, quote
from chassis.quotation import code as as_code
from services.memory.model import SHELLS, Fix, FixKind, Kind, Lesson, Purpose

COMMAND_CHARS = 120
SIGNATURE_CHARS = 80
REASON_CHARS = 160
TEXT_CHARS = 480

CLASS_WORDS = {
    "shell.command_not_found": "command not found",
    "shell.bad_flag": "flag not known",
    "shell.no_such_path": "no such path",
    "shell.exit_code": "it exited with an error",
    "path.not_exist": "no such file",
    "path.is_directory": "it is a folder",
    "edit.string_not_found": "the text to replace was not found",
    "edit.not_read_first": "the file had not been read",
    "edit.ambiguous_match": "the text to replace stood there more than once",
    "edit.stale_read": "the file had changed since it was read",
    "edit.no_change": "old and new text were the same",
    "read.too_large": "too large to read at once",
    "read.too_many_tokens": "too large to read at once",
}

PURPOSE_WORDS = {Purpose.TEST: "Tests", Purpose.BUILD: "The build", Purpose.LINT: "Lint"}


def compose(lesson: Lesson) -> str:
    """The text of a lesson, at most 480 characters."""
    if lesson.kind is Kind.FAILURE_FIX and lesson.fix is not None:
        text = fixed(lesson, lesson.fix)
    elif lesson.kind is Kind.USER_REJECTION:
        text = refused(lesson)
    elif lesson.kind is Kind.PROJECT_FACT:
        text = known(lesson)
    else:
        text = repeated(lesson)
    return clipped(text, TEXT_CHARS)


def fixed(lesson: Lesson, fix: Fix) -> str:
    """A failure, and what made it work."""
    seen = times(lesson.provenance.occurrences, lesson.provenance.last_seen)
    failure = f"{code(lesson.call.shown)} failed here before ({why(lesson)})"
    worked = code(fix.worked)
    steps = " and ".join(code(step) for step in fix.steps)
    match fix.kind:
        case FixKind.CHANGED_ARGUMENTS | FixKind.OTHER_COMMAND:
            return f"{failure}; what worked: {worked}. {seen}"
        case FixKind.READ_FIRST:
            return f"An edit of {worked} failed here before ({why(lesson)}); it worked after the file was read. {seen}"
        case FixKind.STEP_BEFORE:
            return f"{failure}; it worked after {steps}. {seen}"
        case FixKind.OTHER_DIRECTORY:
            return f"{failure}; it worked in the folder {steps}. {seen}"
        case FixKind.OTHER_PATH:
            return f"{code(lesson.call.shown)} was not found here before; the file was at {worked}. {seen}"


def repeated(lesson: Lesson) -> str:
    """A failure that came again, and what was tried."""
    seen = times(lesson.provenance.occurrences, lesson.provenance.last_seen)
    text = f"{code(lesson.call.shown)} fails here ({why(lesson)}); no fix has been seen. {seen}"
    others = [code(attempt.text) for attempt in lesson.tried if attempt.text != lesson.call.shown]
    return f"{text} Also tried without success: {', '.join(others[-3:])}." if others else text


def refused(lesson: Lesson) -> str:
    """A call that the user refused."""
    when = day(lesson.provenance.last_seen)
    count = lesson.provenance.occurrences
    often = f"{count} times, last on {when}" if count > 1 else f"on {when}"
    said = f" and said {quote(lesson.user_reason, REASON_CHARS)}" if lesson.user_reason else ""
    call = lesson.call
    if call.tool in SHELLS:
        what = code(call.target_class or call.shown)
    else:
        what = f"{code(call.tool)} of {code(call.shown)}" if call.named else code(call.tool)
    return f"The user refused {what} {often}{said}."


def known(lesson: Lesson) -> str:
    """A command that works here."""
    subject = PURPOSE_WORDS.get(lesson.call.purpose, "This")
    verb = "run" if lesson.call.purpose is Purpose.TEST else "runs"
    where = f" in the folder {code(lesson.call.directory)}" if lesson.call.directory else ""
    worked = f"worked {lesson.provenance.occurrences} times, last on {day(lesson.provenance.last_seen)}"
    return f"{subject} {verb} here with {code(lesson.call.target)}{where} ({worked})."


def why(lesson: Lesson) -> str:
    """Class and salient words of the error."""
    named = CLASS_WORDS.get(lesson.failure_class, lesson.failure_class.partition(".")[2].replace("_", " "))
    # What the client itself says of an edit is always the same sentence.
    said = lesson.signature and lesson.failure_class.partition(".")[0] not in {"edit", "read"}
    return f"{named}: {quote(lesson.signature, SIGNATURE_CHARS)}" if said else named


def times(count: int, last: datetime) -> str:
    """How often and when last."""
    return f"Seen {'once' if count == 1 else f'{count} times'}, last on {day(last)}."


def day(at: datetime) -> str:
    """The date, as a person writes it in a log."""
    return at.strftime("%Y-%m-%d")


def code(text: str) -> str:
    """A command or path as code, on one line and bounded."""
    return as_code(text, COMMAND_CHARS)
