"""How a lesson changes with each finding, and when it is sure enough to be said. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.memory.classes import Cause, cause_of
from services.memory.episodes import Failed, Fixed, Refused, Worked
from services.memory.model import Call, FixKind, Kind, Lesson, Place, Provenance, State
from services.memory.naming import fact_id, rejection_id
from services.memory.wording import compose

IDS_AT_MOST = 8
TOKENS_AT_MOST = 24
TRIED_AT_MOST = 6
DIGESTS_AT_MOST = 16
ANTECEDENTS_AT_MOST = 4

REPEATS_USAGE = 2
"""A call that is wrong in itself is worth a word when it fails in the same way a second time."""

REPEATS_CODE = 3
"""Code under work fails its tests as a matter of course: only the third time in the same way says something."""

REFUSALS_WITHOUT_REASON = 2
SUCCESSES_OF_FACT = 2
SESSIONS_OF_FACT = 2
"""A command of one session may be about that session's work; one of two is how the project works."""


def on_failed(lesson: Lesson | None, finding: Failed) -> Lesson:
    """The lesson after one more failure."""
    call = finding.call
    if lesson is None:
        lesson = new(finding.lesson_id, finding.place, Kind.REPEATED_FAILURE, call, finding.at)
    retried = lesson.fix is not None and call.target == lesson.fix.worked and call.target != lesson.call.target
    return replace(
        lesson,
        provenance=more(lesson.provenance, finding.place, call, finding.at),
        failure_class=finding.failure_class,
        signature=finding.signature,
        contradicted=lesson.contradicted + int(retried),
        tried=newest((*lesson.tried, call.shown), TRIED_AT_MOST),
        tokens=first((*lesson.tokens, *call.tokens, *finding.prompt_tokens), TOKENS_AT_MOST),
        antecedents=newest((*lesson.antecedents, finding.antecedent), ANTECEDENTS_AT_MOST),
        failed_digests=newest((*lesson.failed_digests, call.digest), DIGESTS_AT_MOST),
        worked_since=False,
        state=State.SEEN if lesson.state is State.RETIRED else lesson.state,
        retired_reason="",
    )


def on_fixed(lesson: Lesson, finding: Fixed) -> Lesson:
    """The lesson after its fix was seen; a fix seen again weighs more, another one replaces it."""
    seen_again = lesson.fix == finding.fix
    provenance = replace(
        lesson.provenance,
        fixes=lesson.provenance.fixes + 1 if seen_again else 1,
        sessions=newest((*lesson.provenance.sessions, finding.place.session_id), IDS_AT_MOST),
        calls=newest((*lesson.provenance.calls, finding.success.tool_use_id), IDS_AT_MOST),
        last_seen=max(lesson.provenance.last_seen, finding.at),
    )
    return replace(
        lesson,
        kind=Kind.FAILURE_FIX,
        call=finding.failure.call,
        fix=finding.fix,
        contradicted=lesson.contradicted if seen_again else 0,
        provenance=provenance,
    )


def on_refused(lesson: Lesson | None, finding: Refused) -> Lesson:
    """The lesson after one more refusal."""
    if lesson is None:
        lesson_id = rejection_id(finding.place, finding.call, finding.reason)
        lesson = new(lesson_id, finding.place, Kind.USER_REJECTION, finding.call, finding.at)
    return replace(
        lesson,
        call=finding.call,
        user_reason=finding.reason,
        provenance=more(lesson.provenance, finding.place, finding.call, finding.at),
        tokens=first((*lesson.tokens, *finding.call.tokens), TOKENS_AT_MOST),
    )


def on_fact(lesson: Lesson | None, finding: Worked) -> Lesson:
    """The lesson after one more success of a command that shows how the project works."""
    if lesson is None:
        lesson_id = fact_id(finding.place, finding.call)
        lesson = new(lesson_id, finding.place, Kind.PROJECT_FACT, finding.call, finding.at)
    return replace(
        lesson,
        provenance=more(lesson.provenance, finding.place, finding.call, finding.at),
        tokens=first((*lesson.tokens, finding.call.purpose.value, *finding.call.tokens), TOKENS_AT_MOST),
    )


def on_worked_since(lesson: Lesson, at: datetime) -> Lesson:
    """The lesson after its failing call worked by itself.

    Where something around the call was missing, it may be missing again elsewhere: then the lesson is kept for the
    failure itself. Where the call was said to be wrong, it was not.
    """
    if at <= lesson.provenance.last_seen:
        return lesson
    if cause_of(lesson.failure_class) is Cause.SURROUNDINGS or is_step(lesson):
        return replace(lesson, worked_since=True)
    return replace(lesson, state=State.RETIRED, retired_reason="the same call has worked since")


def settled(lesson: Lesson) -> Lesson:
    """The lesson with its state, confidence and text brought in line with what is known."""
    confidence = certainty(lesson)
    state = lesson.state
    if state is State.SEEN and enough(lesson):
        state = State.ACTIVE
    ready = replace(lesson, state=state, confidence=confidence)
    return replace(ready, text=compose(ready))


def enough(lesson: Lesson) -> bool:
    """Whether a lesson may be said."""
    count = lesson.provenance.occurrences
    match lesson.kind:
        case Kind.FAILURE_FIX:
            return lesson.contradicted <= lesson.provenance.fixes
        case Kind.REPEATED_FAILURE:
            needed = REPEATS_CODE if cause_of(lesson.failure_class) is Cause.CODE else REPEATS_USAGE
            return count - lesson.resolved >= needed
        case Kind.USER_REJECTION:
            return bool(lesson.call.target) and (bool(lesson.user_reason) or count >= REFUSALS_WITHOUT_REASON)
        case Kind.PROJECT_FACT:
            return count >= SUCCESSES_OF_FACT and len(lesson.provenance.sessions) >= SESSIONS_OF_FACT


def certainty(lesson: Lesson) -> float:
    """How sure a lesson is, 0 to 1: the mean of a Beta(1, 1) prior updated by what spoke for and against it."""
    provenance = lesson.provenance
    match lesson.kind:
        case Kind.FAILURE_FIX:
            return (provenance.fixes + 1) / (provenance.fixes + lesson.contradicted + 2)
        case Kind.REPEATED_FAILURE | Kind.USER_REJECTION | Kind.PROJECT_FACT:
            return (provenance.occurrences + 1) / (provenance.occurrences + 2)


def worth_announcing(before: Lesson | None, after: Lesson) -> bool:
    """Whether others should hear of a change. Facts grow with every run: they are told again when doubled."""
    known = before is not None and before.announced > 0
    if after.state is State.SEEN:
        return known and before is not None and before.state is not State.SEEN
    if after.kind is Kind.PROJECT_FACT and known:
        return after.provenance.occurrences >= 2 * after.announced
    return after.state is not State.RETIRED or known


def is_step(lesson: Lesson) -> bool:
    """Whether the fix was a step before the same call."""
    return lesson.fix is not None and lesson.fix.kind in {FixKind.STEP_BEFORE, FixKind.READ_FIRST}


def new(lesson_id: str, place: Place, kind: Kind, call: Call, at: datetime) -> Lesson:
    """A lesson that nothing has been counted for yet."""
    provenance = Provenance((), (), 0, 0, at, at)
    return Lesson(lesson_id, place.workspace_id, place.project_id, kind, State.SEEN, call, provenance)


def more(provenance: Provenance, place: Place, call: Call, at: datetime) -> Provenance:
    """The provenance after one more sighting."""
    return replace(
        provenance,
        sessions=newest((*provenance.sessions, place.session_id), IDS_AT_MOST),
        calls=newest((*provenance.calls, call.tool_use_id), IDS_AT_MOST),
        occurrences=provenance.occurrences + 1,
        first_seen=min(provenance.first_seen, at),
        last_seen=max(provenance.last_seen, at),
    )


def newest(items: Iterable[str], limit: int) -> tuple[str, ...]:
    """The last so many different texts, each at its newest place."""
    return tuple(reversed(list(dict.fromkeys(item for item in reversed(list(items)) if item))[:limit]))


def first(items: Iterable[str], limit: int) -> tuple[str, ...]:
    """The first so many different texts."""
    return tuple(list(dict.fromkeys(item for item in items if item))[:limit])
