"""From events of the bus to what is kept of them."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from protovalidate import ValidationError, Validator

from chassis.faults import InvalidArgument
from chassis.timestamps import to_datetime
from chassis.tracing import trace_id
from services.telemetry.model import Advice, Decision, Faults, Generation, Moment
from spark.fault.v1 import seen_pb2
from spark.inference.v1 import ended_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import judged_pb2
from spark.router.v1 import router_pb2

ABOUT_CHARS = 300
"""Of what a call works on, or of a prompt: enough to know it again in a list."""
SIGNATURE_CHARS = 200
LONGEST_MS = 2**31 - 1
MOST = 2**48
"""Of a count, microseconds or millionths of a dollar: far above all there can be, and thousands of it fit a sum of 63
bits. One number above it would leave its window without an answer, and its day out of what can be folded."""

_validator = Validator()


def decision_from(data: bytes) -> Decision:
    """Reads an AdviceDecided.

    Raises:
        DecodeError: when it is no protobuf.
        InvalidArgument: when it lacks what names a decision, its envelope breaks the contract, or a number is absurd.
    """
    event = router_pb2.AdviceDecided.FromString(data)
    envelope, decision = event.envelope, event.decision
    checked(envelope)
    if not decision.decision_id:
        raise InvalidArgument("a decision without an id cannot be told from another")
    said = bool(decision.text) and decision.silence == router_pb2.SILENCE_UNSPECIFIED
    return Decision(
        workspace_id=envelope.workspace_id,
        decision_id=storable(decision.decision_id),
        observed_at=moment_of(envelope.observed_at),
        occurred_at=moment_of(envelope.occurred_at),
        project_id=envelope.project_id,
        session_id=storable(envelope.session_id),
        client=envelope.client,
        kind=event.kind,
        tool=storable(event.tool),
        route=decision.route,
        silence=decision.silence,
        said=said,
        arm=decision.arm,
        pieces=len(decision.said) if decision.text or decision.silence == router_pb2.SILENCE_CONTROL_ARM else 0,
        found=max(said, len(decision.said) + len(decision.held)),
        latency_us=countable(decision.latency_us),
        hook_latency_us=countable(event.hook_latency_us),
        live=envelope.origin == moment_pb2.ORIGIN_LIVE,
        trace_id=trace_id(envelope.traceparent),
        event=data,
    )


def moment_from(data: bytes) -> Moment:
    """Reads a MomentObserved.

    Raises:
        DecodeError: when it is no protobuf.
        InvalidArgument: when its envelope breaks the contract.
    """
    moment = moment_pb2.MomentObserved.FromString(data).moment
    envelope, call, outcome = moment.envelope, moment.call, moment.outcome
    checked(envelope)
    about = call.target or call.command or call.description or moment.prompt.text
    return Moment(
        workspace_id=envelope.workspace_id,
        observed_at=moment_of(envelope.observed_at),
        event_id=envelope.event_id,
        occurred_at=moment_of(envelope.occurred_at),
        project_id=envelope.project_id,
        session_id=storable(envelope.session_id),
        agent_id=storable(envelope.agent_id),
        client=envelope.client,
        origin=envelope.origin,
        kind=moment.kind,
        tool=storable(call.tool),
        about=storable(about[:ABOUT_CHARS]),
        failure_class=outcome.failure_class,
        signature=storable(outcome.signature[:SIGNATURE_CHARS]),
        duration_ms=min(outcome.duration_ms, LONGEST_MS),
        decision_id=storable(envelope.decision_id),
        trace_id=trace_id(envelope.traceparent),
    )


def advice_from(data: bytes) -> Advice:
    """Reads an AdviceJudged.

    Raises:
        DecodeError: when it is no protobuf.
        InvalidArgument: when it breaks the contract.
    """
    event = judged_pb2.AdviceJudged.FromString(data)
    checked(event)
    return Advice(
        event.workspace_id,
        moment_of(event.given_at),
        storable(event.advice_id),
        moment_of(event.changed_at),
        event.project_id,
        storable(event.session_id),
        event.state,
        event.verdict,
        data,
    )


def generation_from(data: bytes) -> Generation:
    """Reads a GenerationEnded.

    Raises:
        DecodeError: when it is no protobuf.
        InvalidArgument: when it breaks the contract.
    """
    event = ended_pb2.GenerationEnded.FromString(data)
    checked(event)
    return Generation(
        event.workspace_id,
        moment_of(event.ended_at),
        storable(event.call_id),
        storable(event.engine),
        storable(event.purpose),
        countable(event.input_tokens),
        countable(event.output_tokens),
        countable(event.cost_microusd),
        data,
    )


def faults_from(data: bytes) -> Faults:
    """Reads a FaultSeen.

    Raises:
        DecodeError: when it is no protobuf.
        InvalidArgument: when it breaks the contract.
    """
    event = seen_pb2.FaultSeen.FromString(data)
    checked(event)
    return Faults(
        event.workspace_id,
        moment_of(event.last_at),
        storable(event.event_id),
        storable(event.component),
        storable(event.reason),
        countable(event.count),
        data,
    )


def checked(message: Message) -> None:
    """Looks at what comes from the bus as at what comes from a caller.

    Raises:
        InvalidArgument: when it breaks the contract.
    """
    try:
        _validator.validate(message)
    except ValidationError as error:
        raise InvalidArgument(f"{message.DESCRIPTOR.name} breaks the contract: {error}") from error


def moment_of(timestamp: Timestamp) -> datetime:
    """A time of the contract in UTC, cut to microseconds.

    Raises:
        InvalidArgument: outside the years 1 to 9999.
    """
    try:
        return to_datetime(timestamp)
    except OverflowError:
        raise InvalidArgument(f"{timestamp.seconds} s is a time outside the years 1 to 9999") from None


def countable(number: int) -> int:
    """A number that can be added up with others.

    Raises:
        InvalidArgument: above `MOST`.
    """
    if number > MOST:
        raise InvalidArgument(f"{number} is more than anything can come to")
    return number


def storable(text: str) -> str:
    """A text as a column can hold it: Postgres takes every character except NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
