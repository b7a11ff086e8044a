"""Between the contract and the model."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from protovalidate import ValidationError, Validator

from chassis.calls import CallContext
from chassis.faults import InvalidArgument
from services.telemetry.comparison import Comparison, Figures
from services.telemetry.model import Decision, Summary, Wanted
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2

ROUTES = router_pb2.Route.DESCRIPTOR
SILENCES = router_pb2.Silence.DESCRIPTOR

ALPHA = 0.05
"""Chance of a false alarm where none is given; the contract's own number."""

_validator = Validator()


def decision_from(data: bytes) -> Decision:
    """Reads an AdviceDecided.

    Raises:
        DecodeError: when it is no protobuf.
        InvalidArgument: when it lacks what names a decision, or its envelope breaks the contract.
    """
    event = router_pb2.AdviceDecided.FromString(data)
    envelope, decision = event.envelope, event.decision
    try:
        _validator.validate(envelope)
    except ValidationError as error:
        raise InvalidArgument(f"the envelope breaks the contract: {error}") from error
    if not decision.decision_id:
        raise InvalidArgument("a decision without an id cannot be told from another")
    return Decision(
        workspace_id=envelope.workspace_id,
        decision_id=storable(decision.decision_id),
        observed_at=moment_of(envelope.observed_at),
        occurred_at=moment_of(envelope.occurred_at),
        project_id=envelope.project_id,
        session_id=storable(envelope.session_id),
        kind=event.kind,
        tool=storable(event.tool),
        route=decision.route,
        silence=decision.silence,
        said=bool(decision.text) and decision.silence == router_pb2.SILENCE_UNSPECIFIED,
        arm=decision.arm,
        pieces=len(decision.said) if decision.text or decision.silence == router_pb2.SILENCE_CONTROL_ARM else 0,
        latency_us=decision.latency_us,
        hook_latency_us=event.hook_latency_us,
        live=envelope.origin == moment_pb2.ORIGIN_LIVE,
        event=data,
    )


def moment_of(timestamp: Timestamp) -> datetime:
    """A time of the contract in UTC, cut to microseconds.

    Raises:
        InvalidArgument: outside the years 1 to 9999.
    """
    try:
        return timestamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidArgument(f"{timestamp.seconds} s is a time outside the years 1 to 9999") from None


def storable(text: str) -> str:
    """A text as a column can hold it: Postgres takes every character except NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def name_of(enum: EnumDescriptor, number: int) -> str:
    """The contract's name of a value, lower-case and without the enum's own; the number where it has none yet."""
    value = enum.values_by_number.get(number)
    return value.name.removeprefix(f"{enum.name.upper()}_").lower() if value else str(number)


def wanted_list(request: telemetry_pb2.ListDecisionsRequest, call: CallContext) -> Wanted:
    """Which decisions a list is of."""
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        session_id=storable(request.session_id),
        only_said=request.only_said,
    )


def wanted_summary(request: telemetry_pb2.SummarizeRequest, call: CallContext) -> Wanted:
    """Which decisions a summary is of.

    Raises:
        InvalidArgument: for a time outside the years 1 to 9999.
    """
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        session_id=storable(request.session_id),
        since=moment_of(request.since) if request.HasField("since") else None,
        until=moment_of(request.until) if request.HasField("until") else None,
    )


def wanted_comparison(request: telemetry_pb2.CompareArmsRequest, call: CallContext) -> Wanted:
    """Which sessions are to be compared.

    Raises:
        InvalidArgument: for a time outside the years 1 to 9999.
    """
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        since=moment_of(request.since) if request.HasField("since") else None,
    )


def wanted_watch(request: telemetry_pb2.WatchDecisionsRequest, call: CallContext) -> Wanted:
    """Which decisions a watcher waits for."""
    return Wanted(call.workspace_id, project_id=storable(request.project_id))


def wanted_erasure(request: telemetry_pb2.ForgetRequest, call: CallContext) -> Wanted:
    """Which decisions are to be erased; the contract sees to it that one of the two is named."""
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        session_id=storable(request.session_id),
    )


def summary_to(summary: Summary) -> telemetry_pb2.SummarizeResponse:
    """A summary as the contract has it."""
    latency = summary.latency
    return telemetry_pb2.SummarizeResponse(
        decisions=summary.decisions,
        said=summary.said,
        routes=[telemetry_pb2.Count(name=name_of(ROUTES, at), count=n) for at, n in sorted(summary.routes.items())],
        silences=[
            telemetry_pb2.Count(name=name_of(SILENCES, at), count=n) for at, n in sorted(summary.silences.items())
        ],
        p50_us=latency.p50,
        p90_us=latency.p90,
        p95_us=latency.p95,
        p99_us=latency.p99,
    )


def comparison_to(comparison: Comparison) -> telemetry_pb2.CompareArmsResponse:
    """A comparison as the contract has it."""
    return telemetry_pb2.CompareArmsResponse(
        treatment=figures_to(comparison.treatment),
        control=figures_to(comparison.control),
        difference=comparison.difference,
        lower=comparison.interval.lower,
        upper=comparison.interval.upper,
        alpha=comparison.alpha,
        enough=comparison.enough,
        verdict=comparison.verdict,
    )


def figures_to(figures: Figures) -> telemetry_pb2.ArmFigures:
    """An arm as the contract has it."""
    rate = figures.rate
    return telemetry_pb2.ArmFigures(
        sessions=rate.sessions,
        calls=rate.calls,
        failures=rate.failures,
        pieces=figures.pieces,
        failure_rate=rate.value,
    )
