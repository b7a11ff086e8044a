"""Identities: of lessons, so that the same thing learnt again updates the same one, and of calls, to find them by."""

from __future__ import annotations

from chassis.identifiers import digest
from services.memory.classes import NAMED_BY_SIGNATURE, Cause, cause_of
from services.memory.model import EDITS, SHELLS, Call, Kind, Lesson, Place


def failure_id(place: Place, call: Call, failure_class: str, signature: str) -> str:
    """Identity of a failure: what the error names where it names it, else the call and the class of failure.

    Code that is worked on fails its tests in one way after the other: each is a failure of its own.
    """
    owner = (place.workspace_id, place.project_id, "failure", call.tool, failure_class)
    if failure_class in NAMED_BY_SIGNATURE and signature:
        scope = "" if failure_class in {"shell.command_not_found", "shell.missing_tool"} else call.target_class
        return digest(*owner, scope, signature)
    return digest(*owner, subject(call), signature if cause_of(failure_class) is Cause.CODE else "")


def rejection_id(place: Place, call: Call, reason: str) -> str:
    """Identity of a refusal: what was refused and what the user said."""
    said = " ".join(reason.lower().split())
    return digest(place.workspace_id, place.project_id, "rejection", call.tool, refusable(call), said)


def fact_id(place: Place, call: Call) -> str:
    """Identity of a command that works here."""
    return digest(place.workspace_id, place.project_id, "fact", call.purpose.value, call.target, call.directory)


def subject(call: Call) -> str:
    """What a call is about: its target, else all that it was given."""
    return call.target if call.named else call.digest


def refusable(call: Call) -> str:
    """What a refusal of a call is about: a program with its sub-command, else what the call works on."""
    return (call.target_class if call.tool in SHELLS else "") or subject(call)


def same_call(call: Call) -> str:
    """Identity by which a call is known again: a command by what it runs and where, others by all arguments."""
    if call.tool in SHELLS and call.named:
        return digest(call.tool, call.target, call.directory)
    return call.digest


def keys_of(lesson: Lesson) -> set[str]:
    """Under which keys a lesson is found when a call comes back that speaks for or against it."""
    call = lesson.call
    if lesson.kind is Kind.USER_REJECTION:
        return {refused_key(call)}
    keys = {digest("failed", known) for known in lesson.failed_calls}
    if call.tool in EDITS:
        keys.add(digest("edited", call.target))
    if lesson.fix is not None:
        keys.add(digest("fix", call.tool, lesson.fix.worked))
    return keys


def keys_when_worked(call: Call) -> set[str]:
    """Under which keys the lessons are that a success speaks for or against."""
    keys = {digest("failed", same_call(call)), refused_key(call)} | keys_of_fix(call)
    return keys | {digest("edited", call.target)} if call.tool in EDITS else keys


def keys_of_fix(call: Call) -> set[str]:
    """Under which keys the lessons are that have this call for a fix."""
    return {digest("fix", call.tool, worked) for worked in (call.target, call.command) if worked}


def refused_key(call: Call) -> str:
    """Under which key the refusals of such a call are."""
    return digest("refused", "edit" if call.tool in EDITS else call.tool, refusable(call))
