"""Follows a session call by call and says what each one teaches. Pure: state and event in, state and findings out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.memory.fixes import REACH, find_fix, resolves
from services.memory.model import SHELLS, Call, Event, Fix, OpenFailure, Outcome, Place, Purpose, SessionState
from services.memory.naming import failure_id

OPEN_AT_MOST = 8
STEPS_AT_MOST = 8
FACTS = frozenset({Purpose.TEST, Purpose.BUILD, Purpose.LINT})


@dataclass(frozen=True, slots=True)
class Failed:
    """A call failed."""

    lesson_id: str
    place: Place
    at: datetime
    call: Call
    failure_class: str
    signature: str
    antecedent: str
    recent: tuple[str, ...]
    """Calls of the session that came back well before."""
    prompt_tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """What made a failure of before work."""

    lesson_id: str
    place: Place
    at: datetime
    failure: OpenFailure
    success: Call
    fix: Fix


@dataclass(frozen=True, slots=True)
class Resolved:
    """A failure went away without anything to learn."""

    lesson_id: str
    place: Place
    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """The user refused a call."""

    place: Place
    at: datetime
    call: Call
    reason: str
    antecedent: str
    """The like of the command before it."""


@dataclass(frozen=True, slots=True)
class Worked:
    """A call worked; `fact` when it is one of those that show how a project is tested, built or linted."""

    place: Place
    at: datetime
    call: Call
    fact: bool
    recent: tuple[str, ...]
    """Calls of the session that came back well before."""
    after_step: tuple[str, ...]
    """Lessons whose step made this call work: its success does not speak against them."""


Finding = Failed | Fixed | Resolved | Refused | Worked


def follow(state: SessionState, event: Event) -> tuple[SessionState, list[Finding]]:
    """The session's state after an event, and what the event teaches.

    A call comes back once: what is told of it again is passed over, whoever wrote it.
    """
    if event.call is None:
        return (replace(state, prompt_tokens=event.prompt_tokens) if event.prompt_tokens else state), []
    call = event.call
    if call.tool_use_id and call.tool_use_id in state.returned:
        return state, []
    expired = replace(state, open=tuple(item for item in state.open if state.index - item.index < REACH))
    if event.outcome is Outcome.FAILED:
        return failed(expired, event, call)
    if event.outcome is Outcome.REJECTED:
        refusal = Refused(event.place, event.at, call, event.user_reason, expired.previous_like)
        # What was refused was not done: it is not what the next call came after.
        refused = replace(expired.advanced(call, well=False), previous_like=expired.previous_like)
        return refused, [refusal]
    return succeeded(expired, event, call) if call.conclusive else passed(expired, call)


def failed(state: SessionState, event: Event, call: Call) -> tuple[SessionState, list[Finding]]:
    """Opens a failure, unless it is of a kind that teaches nothing."""
    after = state.advanced(call, well=False)
    if not event.mistake:
        return after, []
    lesson_id = failure_id(event.place, call, event.failure_class, event.signature)
    opened = OpenFailure(lesson_id, call, event.failure_class, event.signature, event.at, state.index)
    others = tuple(item for item in state.open if item.lesson_id != lesson_id)
    kept = (*others, opened)[-OPEN_AT_MOST:]
    finding = Failed(
        lesson_id,
        event.place,
        event.at,
        call,
        event.failure_class,
        event.signature,
        state.previous,
        state.recent,
        state.prompt_tokens,
    )
    return replace(after, open=kept), [finding]


def succeeded(state: SessionState, event: Event, call: Call) -> tuple[SessionState, list[Finding]]:
    """Closes the failures that this success ends, and learns from those that it fixed."""
    findings: list[Finding] = []
    still: list[OpenFailure] = []
    helped: list[str] = []
    for failure in state.open:
        fix = find_fix(failure, call)
        if fix is not None:
            findings.append(Fixed(failure.lesson_id, event.place, event.at, failure, call, fix))
            helped.append(failure.lesson_id)
        elif resolves(failure, call):
            findings.append(Resolved(failure.lesson_id, event.place, event.at))
        else:
            still.append(stepped(failure, call))
    fact = call.tool in SHELLS and call.purpose in FACTS and call.named
    findings.append(Worked(event.place, event.at, call, fact, state.recent, tuple(helped)))
    return replace(state.advanced(call, well=True), open=tuple(still)), findings


def passed(state: SessionState, call: Call) -> tuple[SessionState, list[Finding]]:
    """Notes a call of which nobody can say whether it worked: it may have been a step, and ends nothing."""
    still = tuple(stepped(failure, call) for failure in state.open)
    return replace(state.advanced(call, well=False), open=still), []


def stepped(failure: OpenFailure, call: Call) -> OpenFailure:
    """The failure with one more call made since."""
    return replace(failure, steps=(*failure.steps, call)[-STEPS_AT_MOST:])
