"""A lesson without what a session left in it. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.memory.lessons import settled
from services.memory.model import Fix, Lesson, Trace
from services.memory.naming import same_call


def without_session(lesson: Lesson, session: str) -> Lesson | None:
    """The lesson as the other sessions left it; None where the words that it shows are of that session alone.

    Counts and times stay, as do words that another session left too. Whose each call id was is not kept, so all go.
    """
    call_sessions, sessions = others(lesson.call_sessions, session), others(lesson.provenance.sessions, session)
    fix = fix_without(lesson.fix, session)
    if not call_sessions or not sessions or (fix is None and lesson.fix is not None):
        return None
    rival = fix_without(lesson.rival, session)
    kept = replace(
        lesson,
        call=replace(lesson.call, tool_use_id="", command=lesson.call.command if not lesson.call.target else ""),
        call_sessions=call_sessions,
        provenance=replace(lesson.provenance, sessions=sessions, calls=()),
        fix=fix,
        rival=rival,
        rival_seen=lesson.rival_seen if rival else 0,
        tried=traces_without(lesson.tried, session),
        prompt_tokens=traces_without(lesson.prompt_tokens, session),
        antecedents=traces_without(lesson.antecedents, session),
        failed_calls=(same_call(lesson.call),) if lesson.failed_calls else (),
    )
    return settled(kept)


def fix_without(fix: Fix | None, session: str) -> Fix | None:
    """The fix as other sessions saw it; None where none did."""
    sessions = others(fix.sessions, session) if fix else ()
    return replace(fix, sessions=sessions) if fix and sessions else None


def traces_without(traces: tuple[Trace, ...], session: str) -> tuple[Trace, ...]:
    """The words that others left."""
    return tuple(trace for trace in traces if trace.session != session)


def others(sessions: tuple[str, ...], session: str) -> tuple[str, ...]:
    """The sessions but for one."""
    return tuple(one for one in sessions if one != session)
