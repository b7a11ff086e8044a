"""How a lesson changes when another call than its own comes back that speaks for or against it. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.memory.classes import DENIES_A_FACT, Cause, cause_of
from services.memory.episodes import Failed, Worked
from services.memory.model import Call, FixKind, Kind, Lesson
from services.memory.naming import same_call


def weighed(lesson: Lesson, finding: Failed | Worked) -> Lesson:
    """The lesson after a call came back; unchanged where that says nothing about it.

    What happened before the lesson was last seen is old news, whenever it is heard.
    """
    if finding.at <= lesson.provenance.last_seen and lesson.lesson_id != own_id(finding):
        return lesson
    return on_worked(lesson, finding) if isinstance(finding, Worked) else on_failed(lesson, finding)


def on_worked(lesson: Lesson, finding: Worked) -> Lesson:
    """A fix that works is to be trusted again; what failed or was refused and now goes through has ended."""
    if lesson.contradicted and follows_fix(lesson, finding.call, finding.recent):
        lesson = replace(lesson, contradicted=0)
    if lesson.lesson_id in finding.after_step:
        return lesson
    if lesson.kind is not Kind.FAILURE_FIX or same_call(finding.call) in lesson.failed_calls:
        return replace(lesson, in_a_row=0)
    return lesson


def on_failed(lesson: Lesson, finding: Failed) -> Lesson:
    """A fix that failed, or a command that is no longer how this is done here."""
    if lesson.kind is Kind.PROJECT_FACT:
        denied = finding.failure_class in DENIES_A_FACT
        return replace(lesson, in_a_row=lesson.in_a_row + 1) if denied else lesson
    # Code that is wrong fails whatever command runs it.
    code = cause_of(finding.failure_class) is Cause.CODE and finding.failure_class != lesson.failure_class
    if code or not follows_fix(lesson, finding.call, finding.recent):
        return lesson
    return replace(lesson, contradicted=lesson.contradicted + 1)


def follows_fix(lesson: Lesson, call: Call, recent: tuple[str, ...]) -> bool:
    """Whether a call does what a lesson's fix says, the steps before it included."""
    fix = lesson.fix
    if fix is None or call.tool != lesson.call.tool or fix.worked not in {call.target, call.command}:
        return False
    match fix.kind:
        case FixKind.STEP_BEFORE:
            return {f"{call.tool} {step}"[:300] for step in fix.steps} <= set(recent)
        case FixKind.READ_FIRST:
            return f"Read {fix.worked}"[:300] in recent
        case FixKind.OTHER_DIRECTORY:
            return fix.steps == (call.directory,)
        case FixKind.CHANGED_ARGUMENTS | FixKind.OTHER_COMMAND | FixKind.OTHER_PATH:
            return fix.worked != lesson.call.shown


def own_id(finding: Failed | Worked) -> str:
    """The lesson that a failure is itself about."""
    return finding.lesson_id if isinstance(finding, Failed) else ""
