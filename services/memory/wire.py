"""Contract to model and back."""

from __future__ import annotations

from datetime import UTC
from unicodedata import category

from chassis.faults import InvalidArgument
from chassis.quotation import bounded
from services.memory.model import Call, Event, FixKind, Kind, Lesson, Outcome, Place, Purpose, Span, State
from spark.memory.v1 import lesson_pb2, memory_pb2
from spark.moment.v1 import moment_pb2

PURPOSES = {
    moment_pb2.PURPOSE_UNSPECIFIED: Purpose.NONE,
    moment_pb2.PURPOSE_TEST: Purpose.TEST,
    moment_pb2.PURPOSE_BUILD: Purpose.BUILD,
    moment_pb2.PURPOSE_LINT: Purpose.LINT,
    moment_pb2.PURPOSE_FORMAT: Purpose.FORMAT,
    moment_pb2.PURPOSE_INSTALL: Purpose.INSTALL,
    moment_pb2.PURPOSE_RUN: Purpose.RUN,
}
PURPOSE_NUMBERS = {purpose: number for number, purpose in PURPOSES.items()}

SPOKEN_OF = frozenset({Purpose.TEST, Purpose.BUILD, Purpose.LINT, Purpose.FORMAT, Purpose.INSTALL})
"""Purposes whose word in a prompt means such a command; "run" may mean any."""

OUTCOMES = {
    moment_pb2.MOMENT_KIND_CALL_SUCCEEDED: Outcome.SUCCEEDED,
    moment_pb2.MOMENT_KIND_CALL_FAILED: Outcome.FAILED,
    moment_pb2.MOMENT_KIND_CALL_REJECTED: Outcome.REJECTED,
}

KIND_NUMBERS = {
    Kind.FAILURE_FIX: lesson_pb2.LESSON_KIND_FAILURE_FIX,
    Kind.REPEATED_FAILURE: lesson_pb2.LESSON_KIND_REPEATED_FAILURE,
    Kind.USER_REJECTION: lesson_pb2.LESSON_KIND_USER_REJECTION,
    Kind.PROJECT_FACT: lesson_pb2.LESSON_KIND_PROJECT_FACT,
}

OWN_CHARS = 500
"""The contract's own limit."""

STATE_NUMBERS = {
    State.ACTIVE: lesson_pb2.LESSON_STATE_ACTIVE,
    State.SEEN: lesson_pb2.LESSON_STATE_RETIRED,
    State.RETIRED: lesson_pb2.LESSON_STATE_RETIRED,
    State.FORGOTTEN: lesson_pb2.LESSON_STATE_FORGOTTEN,
}

FIX_NUMBERS = {
    FixKind.CHANGED_ARGUMENTS: lesson_pb2.FIX_KIND_CHANGED_ARGUMENTS,
    FixKind.OTHER_COMMAND: lesson_pb2.FIX_KIND_OTHER_COMMAND,
    FixKind.READ_FIRST: lesson_pb2.FIX_KIND_READ_FIRST,
    FixKind.STEP_BEFORE: lesson_pb2.FIX_KIND_STEP_BEFORE,
    FixKind.OTHER_DIRECTORY: lesson_pb2.FIX_KIND_OTHER_DIRECTORY,
    FixKind.OTHER_PATH: lesson_pb2.FIX_KIND_OTHER_PATH,
}


def event_from(moment: moment_pb2.Moment) -> Event | None:
    """What memory learns from a moment; None for kinds that teach nothing."""
    outcome = OUTCOMES.get(moment.kind)
    is_prompt = moment.kind == moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED
    if outcome is None and not is_prompt:
        return None
    envelope = moment.envelope
    return Event(
        event_id=envelope.event_id,
        place=Place(envelope.workspace_id, envelope.project_id, envelope.session_id, envelope.agent_id),
        # The payload's own time decides the order, but a time to come would outlive all that speaks against it.
        at=min(envelope.occurred_at.ToDatetime(UTC), envelope.observed_at.ToDatetime(UTC)),
        prompt_tokens=tuple(moment.prompt.tokens),
        call=None if outcome is None else call_from(moment.call),
        outcome=outcome,
        failure_class=moment.outcome.failure_class,
        signature=moment.outcome.signature,
        mistake=moment.outcome.mistake,
        user_reason=moment.outcome.user_reason,
        live=envelope.origin == moment_pb2.ORIGIN_LIVE,
    )


def span_from(span: memory_pb2.SessionSpan) -> Span:
    """The span as memory sees it."""
    return Span(span.session_id, span.began.ToDatetime(UTC), span.ended.ToDatetime(UTC))


def own_words_from(text: str) -> str:
    """A user's words for a lesson, on one line and with nothing in them that could open a tag; empty takes them back.

    Raises:
        InvalidArgument: when they hold a control character, or nothing that could be read.
    """
    if any(category(letter) == "Cc" for letter in text):
        raise InvalidArgument("the text holds a control character", [("text", "must be one line of plain words")])
    words = bounded(text, OWN_CHARS)
    if text and not words:
        raise InvalidArgument("the text shows nothing", [("text", "must hold words, or be empty")])
    return words


def call_from(call: moment_pb2.ToolCall) -> Call:
    """The call as memory sees it."""
    return Call(
        tool_use_id=call.tool_use_id,
        tool=call.tool,
        target=call.target,
        target_class=call.target_class,
        program=call.program,
        purpose=PURPOSES.get(call.purpose, Purpose.NONE),
        directory=call.directory,
        tokens=tuple(call.tokens),
        command=call.command[:1000],
        digest=call.input_digest,
        conclusive=not call.inconclusive,
    )


def lesson_message(lesson: Lesson) -> lesson_pb2.Lesson:
    """The lesson as others see it; of a forgotten one only what names it."""
    message = lesson_pb2.Lesson(
        lesson_id=lesson.lesson_id,
        workspace_id=lesson.workspace_id,
        project_id=lesson.project_id,
        kind=KIND_NUMBERS[lesson.kind],
        state=STATE_NUMBERS[lesson.state],
        revision=lesson.revision,
    )
    if lesson.state is State.FORGOTTEN:
        return message
    message.tool = lesson.call.tool
    message.target = lesson.call.target
    message.target_class = lesson.call.target_class
    message.program = lesson.call.program
    message.purpose = PURPOSE_NUMBERS[lesson.call.purpose]
    message.failure_class = lesson.failure_class
    message.signature = lesson.signature
    message.text = lesson.text
    message.tokens.extend(words_of(lesson.call))
    message.prompt_tokens.extend(trace.text for trace in lesson.prompt_tokens)
    message.antecedents.extend(trace.text for trace in lesson.antecedents)
    message.confidence = lesson.confidence
    message.retired_reason = lesson.retired_reason
    message.revised = bool(lesson.own_words)
    message.retired_by_user = lesson.retired_by_user
    message.worked_since = lesson.kind is Kind.FAILURE_FIX and lesson.in_a_row == 0
    message.input_digest = "" if lesson.call.named else lesson.call.digest
    if lesson.fix is not None:
        message.fix.kind = FIX_NUMBERS[lesson.fix.kind]
        message.fix.worked = lesson.fix.worked
        message.fix.steps.extend(lesson.fix.steps)
    provenance = lesson.provenance
    message.provenance.session_ids.extend(provenance.sessions)
    message.provenance.tool_use_ids.extend(provenance.calls)
    message.provenance.occurrences = provenance.occurrences
    message.provenance.fixes = provenance.fixes
    message.provenance.first_seen.FromDatetime(provenance.first_seen)
    message.provenance.last_seen.FromDatetime(provenance.last_seen)
    return message


def words_of(call: Call) -> list[str]:
    """The words of a call: those of its target, its program, and what it is for in a person's word for it."""
    said = call.purpose.value if call.purpose in SPOKEN_OF else ""
    return [word for word in dict.fromkeys((said, call.program.lower(), *call.tokens)) if word]
