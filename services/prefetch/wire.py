"""Contract to model."""

from __future__ import annotations

from datetime import UTC

from services.prefetch.model import Call, Event, Outcome, Place
from spark.moment.v1 import moment_pb2

OUTCOMES = {
    moment_pb2.MOMENT_KIND_CALL_SUCCEEDED: Outcome.SUCCEEDED,
    moment_pb2.MOMENT_KIND_CALL_FAILED: Outcome.FAILED,
    moment_pb2.MOMENT_KIND_CALL_REJECTED: Outcome.REJECTED,
}
COMMAND_CHARS = 4000
ERROR_CHARS = 6000


def event_from(moment: moment_pb2.Moment, sequence: int) -> Event | None:
    """What prefetch learns from a moment; None for kinds that teach nothing."""
    outcome = OUTCOMES.get(moment.kind)
    if outcome is None and moment.kind != moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED:
        return None
    return Event(
        place=place_of(moment.envelope),
        sequence=sequence,
        at=min(moment.envelope.occurred_at.ToDatetime(UTC), moment.envelope.observed_at.ToDatetime(UTC)),
        live=moment.envelope.origin != moment_pb2.ORIGIN_IMPORT,
        prompt_tokens=tuple(moment.prompt.tokens),
        intent=moment.prompt.intent,
        call=call_from(moment.call) if outcome is not None else None,
        outcome=outcome,
        failure_class=moment.outcome.failure_class,
        signature=moment.outcome.signature,
        error=moment.outcome.error[:ERROR_CHARS],
    )


def place_of(envelope: moment_pb2.Envelope) -> Place:
    """Where a moment happened."""
    return Place(envelope.workspace_id, envelope.project_id, envelope.session_id, envelope.agent_id)


def call_from(call: moment_pb2.ToolCall) -> Call:
    """The call as prefetch sees it."""
    return Call(
        tool_use_id=call.tool_use_id,
        # A group is a tool up to the first such mark.
        tool=call.tool.replace("|", "/"),
        target=call.target,
        target_class=call.target_class,
        command=call.command[:COMMAND_CHARS],
        description=call.description,
        replacement=call.replacement,
    )
