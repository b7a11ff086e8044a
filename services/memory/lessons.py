"""How a lesson grows with each finding that is its own, and when it is sure enough to be said. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from services.memory.classes import Cause, cause_of
from services.memory.episodes import Failed, Fixed, Refused, Worked
from services.memory.model import Call, Fix, FixKind, Kind, Lesson, Place, Provenance, State, Trace
from services.memory.naming import fact_id, rejection_id, same_call
from services.memory.wording import compose

IDS_AT_MOST = 8
PROMPT_TOKENS_AT_MOST = 16
TRIED_AT_MOST = 6
CALLS_AT_MOST = 16
ANTECEDENTS_AT_MOST = 4

REPEATS_USAGE = 2
"""A call that is wrong in itself is worth a word when it fails in the same way a second time."""

REPEATS_CODE = 3
"""Code under work fails its tests as a matter of course: only the third time in the same way says something."""

REFUSALS_WITHOUT_REASON = 2
SUCCESSES_OF_FACT = 2
FAILURES_OF_FACT = 2
SESSIONS_OF_FACT = 2
"""A command of one session may be about that session's work; one of two is how the project works."""

FAILURES_OF_FIX = 2
"""A fix that fails more often in a row than it worked, or than this, works no longer."""

TOLD_AGAIN = timedelta(days=7)
"""A fact in use is announced so often, for what is not heard of grows stale."""

GONE = {
    Kind.REPEATED_FAILURE: "it has worked since",
    Kind.USER_REJECTION: "the user let it pass since",
    Kind.PROJECT_FACT: "it has failed here since",
}
"""Why a lesson of a kind is retired; a fix has two reasons."""
BY_USER = "the user retired it"


def on_failed(lesson: Lesson | None, finding: Failed) -> Lesson:
    """The lesson after one more failure."""
    call, session = finding.call, finding.place.session_id
    if lesson is None:
        lesson = new(finding.lesson_id, finding.place, Kind.REPEATED_FAILURE, call, finding.at)
        lesson = replace(lesson, failure_class=finding.failure_class, signature=finding.signature)
    prompt = tuple(Trace(token, session) for token in finding.prompt_tokens)
    return replace(
        of_call(lesson, lesson.call, lesson.signature, session) if same(lesson, finding) else lesson,
        provenance=more(lesson.provenance, finding.place, call, finding.at),
        in_a_row=lesson.in_a_row + 1,
        tried=newest_traces((*lesson.tried, Trace(call.shown, session)), TRIED_AT_MOST),
        prompt_tokens=newest_traces((*lesson.prompt_tokens, *prompt), PROMPT_TOKENS_AT_MOST),
        antecedents=followed_from(lesson, finding.antecedent, session),
        failed_calls=newest((*lesson.failed_calls, same_call(call)), CALLS_AT_MOST),
    )


def on_fixed(lesson: Lesson, finding: Fixed) -> Lesson:
    """The lesson after its fix was seen.

    A fix seen again weighs more. Another one takes its place where the old one has failed since, or once it has been
    seen as often: one exception does not unseat what has worked for long.
    """
    session, failure = finding.place.session_id, finding.failure
    provenance = replace(
        lesson.provenance,
        sessions=newest((*lesson.provenance.sessions, session), IDS_AT_MOST),
        calls=newest((*lesson.provenance.calls, finding.success.tool_use_id), IDS_AT_MOST),
        last_seen=max(lesson.provenance.last_seen, finding.at),
    )
    lesson = replace(lesson, kind=Kind.FAILURE_FIX, provenance=provenance)
    if lesson.fix == finding.fix:
        fix, fixes = seen_in(lesson.fix, session), provenance.fixes + 1
    else:
        again = lesson.rival == finding.fix
        fix = seen_in(lesson.rival if again else finding.fix, session)
        fixes = lesson.rival_seen + 1 if again else 1
        if not lesson.contradicted and fixes < provenance.fixes:
            return replace(lesson, rival=fix, rival_seen=fixes)
        lesson = replace(lesson, rival=lesson.fix, rival_seen=0 if lesson.contradicted else provenance.fixes)
    return replace(
        of_call(lesson, failure.call, failure.signature, session),
        fix=fix,
        contradicted=0,
        provenance=replace(provenance, fixes=fixes),
    )


def on_refused(lesson: Lesson | None, finding: Refused) -> Lesson:
    """The lesson after one more refusal."""
    if lesson is None:
        lesson_id = rejection_id(finding.place, finding.call, finding.reason)
        lesson = new(lesson_id, finding.place, Kind.USER_REJECTION, finding.call, finding.at)
    return replace(
        of_call(lesson, finding.call, "", finding.place.session_id),
        user_reason=finding.reason,
        in_a_row=lesson.in_a_row + 1,
        provenance=more(lesson.provenance, finding.place, finding.call, finding.at),
        antecedents=followed_from(lesson, finding.antecedent, finding.place.session_id),
    )


def on_fact(lesson: Lesson | None, finding: Worked) -> Lesson:
    """The lesson after one more success of a command that shows how the project works."""
    if lesson is None:
        lesson_id = fact_id(finding.place, finding.call)
        lesson = new(lesson_id, finding.place, Kind.PROJECT_FACT, finding.call, finding.at)
    return replace(
        of_call(lesson, finding.call, "", finding.place.session_id),
        in_a_row=0,
        provenance=more(lesson.provenance, finding.place, finding.call, finding.at),
    )


def settled(lesson: Lesson) -> Lesson:
    """The lesson with its state, confidence and text brought in line with what is known."""
    state, reason = lesson.state, lesson.retired_reason
    if lesson.retired_by_user:
        state, reason = State.RETIRED, BY_USER
    elif enough(lesson):
        state, reason = State.ACTIVE, ""
    elif state is State.ACTIVE:
        state, reason = State.RETIRED, why_gone(lesson)
    ready = replace(lesson, state=state, retired_reason=reason, confidence=certainty(lesson))
    return replace(ready, text=lesson.own_words or compose(ready))


def revised(lesson: Lesson, own_words: str) -> Lesson:
    """The lesson in a user's words; without any, in those composed of what is known by now."""
    return settled(replace(lesson, own_words=own_words))


def retired(lesson: Lesson) -> Lesson:
    """The lesson out of use, whatever is learnt from now on."""
    return settled(replace(lesson, retired_by_user=True))


def restored(lesson: Lesson) -> Lesson:
    """The lesson as what was learnt has it: back in use, unless something has since spoken against it."""
    if not lesson.retired_by_user:
        return lesson
    return settled(replace(lesson, retired_by_user=False, state=State.ACTIVE))


def enough(lesson: Lesson) -> bool:
    """Whether a lesson may be said."""
    count, in_a_row = lesson.provenance.occurrences, lesson.in_a_row
    match lesson.kind:
        case Kind.FAILURE_FIX:
            return not_refuted(lesson) and (in_a_row > 0 or lasting(lesson))
        case Kind.REPEATED_FAILURE:
            return in_a_row >= (REPEATS_CODE if cause_of(lesson.failure_class) is Cause.CODE else REPEATS_USAGE)
        case Kind.USER_REJECTION:
            return bool(lesson.call.target) and in_a_row >= (1 if lesson.user_reason else REFUSALS_WITHOUT_REASON)
        case Kind.PROJECT_FACT:
            tried = count >= SUCCESSES_OF_FACT and len(lesson.provenance.sessions) >= SESSIONS_OF_FACT
            return tried and in_a_row < FAILURES_OF_FACT


def not_refuted(lesson: Lesson) -> bool:
    """Whether a fix has not failed more often since it last worked than it had worked."""
    return lesson.contradicted <= min(lesson.provenance.fixes, FAILURES_OF_FIX)


def lasting(lesson: Lesson) -> bool:
    """Whether a failure is worth keeping though its call works by now: what was missing may be missing again."""
    step = lesson.fix is not None and lesson.fix.kind in {FixKind.STEP_BEFORE, FixKind.READ_FIRST}
    return step or cause_of(lesson.failure_class) is Cause.SURROUNDINGS


def why_gone(lesson: Lesson) -> str:
    """Why a lesson is no longer said."""
    if lesson.kind is Kind.FAILURE_FIX and not not_refuted(lesson):
        return "its fix has failed since"
    return GONE.get(lesson.kind, "the same call has worked since")


def certainty(lesson: Lesson) -> float:
    """How sure a lesson is, 0 to 1: the mean of a Beta(1, 1) prior updated by what spoke for and against it."""
    provenance = lesson.provenance
    match lesson.kind:
        case Kind.FAILURE_FIX:
            return (provenance.fixes + 1) / (provenance.fixes + lesson.contradicted + 2)
        case Kind.PROJECT_FACT:
            return (provenance.occurrences + 1) / (provenance.occurrences + lesson.in_a_row + 2)
        case Kind.REPEATED_FAILURE | Kind.USER_REJECTION:
            return (provenance.occurrences + 1) / (provenance.occurrences + 2)


def worth_announcing(before: Lesson | None, after: Lesson) -> bool:
    """Whether others should hear of a change. Facts grow with every run: they are told again when doubled or old."""
    if after.state is not State.ACTIVE:
        return before is not None and before.state is State.ACTIVE
    if after.kind is not Kind.PROJECT_FACT or before is None or before.state is not State.ACTIVE:
        return True
    old = after.announced_at is None or after.provenance.last_seen - after.announced_at >= TOLD_AGAIN
    return old or after.provenance.occurrences >= 2 * after.announced


def same(lesson: Lesson, finding: Failed) -> bool:
    """Whether a failure is word for word the one that the lesson shows."""
    return (lesson.call.shown, lesson.signature) == (finding.call.shown, finding.signature)


def of_call(lesson: Lesson, call: Call, signature: str, session: str) -> Lesson:
    """The lesson showing this call with this outcome, which a session made; with all that made the very same."""
    known = (lesson.call.shown, lesson.signature) == (call.shown, signature)
    sessions = (*lesson.call_sessions, session) if known else (session,)
    return replace(lesson, call=call, signature=signature, call_sessions=newest(sessions, IDS_AT_MOST))


def seen_in(fix: Fix | None, session: str) -> Fix | None:
    """The fix with one more session that it was seen in."""
    return fix and replace(fix, sessions=newest((*fix.sessions, session), IDS_AT_MOST))


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


def followed_from(lesson: Lesson, antecedent: str, session: str) -> tuple[Trace, ...]:
    """The calls after which it happened, with one more."""
    return newest_traces((*lesson.antecedents, Trace(antecedent, session)), ANTECEDENTS_AT_MOST)


def newest_traces(items: Iterable[Trace], limit: int) -> tuple[Trace, ...]:
    """The last so many different words, each at its newest place."""
    latest = {item.text: item for item in items if item.text}
    return tuple(latest[text] for text in newest((item.text for item in items), limit))
