"""From what is known to the contract's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from google.protobuf.descriptor import EnumDescriptor

from services.telemetry.comparison import Comparison
from services.telemetry.comparison import Figures as ArmFigures
from services.telemetry.figures import Latency, Summary
from services.telemetry.model import Moment, Session
from services.telemetry.naming import KINDS, ROUTES, SILENCES, STATES, VERDICTS, name_of
from services.telemetry.scorecard import Gate, Measure, Part, Scorecard, Standing
from services.telemetry.series import Point
from spark.telemetry.v1 import sessions_pb2, telemetry_pb2, windows_pb2

STANDINGS: Mapping[Standing, windows_pb2.Standing.ValueType] = {
    Standing.MET: windows_pb2.STANDING_MET,
    Standing.MISSED: windows_pb2.STANDING_MISSED,
    Standing.UNKNOWN: windows_pb2.STANDING_UNKNOWN,
}


def counts_to(enum: EnumDescriptor, counts: Mapping[int, int]) -> list[windows_pb2.Count]:
    """Counts by the contract's names, in the order of its numbers."""
    return [windows_pb2.Count(name=name_of(enum, at), count=count) for at, count in sorted(counts.items())]


def summary_to(summary: Summary) -> windows_pb2.SummarizeResponse:
    """A window as the contract has it."""
    decided, judged = summary.decided, summary.judged
    whole = decided.latencies[0].percentiles if decided.latencies else None
    return windows_pb2.SummarizeResponse(
        decisions=decided.decisions,
        said=decided.said,
        routes=counts_to(ROUTES, decided.routes),
        silences=counts_to(SILENCES, decided.silences),
        p50_us=whole.p50 if whole else 0,
        p90_us=whole.p90 if whole else 0,
        p95_us=whole.p95 if whole else 0,
        p99_us=whole.p99 if whole else 0,
        latencies=map(latency_to, decided.latencies[1:]),
        exact=decided.exact,
        applicable=decided.applicable,
        applicable_advised=decided.advised,
        applicable_packets=decided.from_packets,
        applicable_live=decided.live,
        first_calls=summary.first_calls,
        first_calls_packets=summary.first_calls_packets,
        sessions=summary.sessions,
        cut_short=decided.cut_short,
        outcomes=counts_to(STATES, judged.outcomes),
        verdicts=counts_to(VERDICTS, judged.verdicts),
        useful=judged.useful,
        judged=judged.judged,
        generations=[
            windows_pb2.Generations(
                engine=of.engine,
                purpose=of.purpose,
                count=of.count,
                input_tokens=of.input_tokens,
                output_tokens=of.output_tokens,
                cost_microusd=of.cost,
            )
            for of in summary.generations
        ],
        faults=[
            windows_pb2.Count(name=f"{component} {reason}", count=count)
            for (component, reason), count in sorted(summary.faults.items())
        ],
        moments=counts_to(KINDS, summary.moments),
    )


def latency_to(latency: Latency) -> windows_pb2.Latency:
    """How long hooks of a kind took, as the contract has it."""
    # Numbers of a newer contract are kept as they are.
    kind: Any = latency.kind
    route: Any = latency.route
    of = latency.percentiles
    return windows_pb2.Latency(
        kind=kind, route=route, count=latency.count, p50_us=of.p50, p90_us=of.p90, p95_us=of.p95, p99_us=of.p99
    )


def series_to(points: Iterable[Point]) -> windows_pb2.ListSeriesResponse:
    """A series as the contract has it."""
    answer = windows_pb2.ListSeriesResponse()
    for point in points:
        answer.points.add(
            decisions=point.decisions,
            said=point.said,
            routes=counts_to(ROUTES, point.routes),
            p50_us=point.latency.p50,
            p95_us=point.latency.p95,
            p99_us=point.latency.p99,
            tokens=point.tokens,
            cost_microusd=point.cost,
            faults=point.faults,
        ).starts_at.FromDatetime(point.starts_at)
    return answer


def scorecard_to(card: Scorecard, since: datetime, until: datetime) -> windows_pb2.GetScorecardResponse:
    """A scorecard as the contract has it."""
    answer = windows_pb2.GetScorecardResponse(
        parts=map(part_to, card.parts),
        score=card.score,
        known=card.known,
        gates=map(gate_to, card.gates),
        go=STANDINGS[card.go],
    )
    answer.since.FromDatetime(since)
    answer.until.FromDatetime(until)
    return answer


def part_to(part: Part) -> windows_pb2.Part:
    """A part of the scorecard as the contract has it."""
    return windows_pb2.Part(
        name=part.name, weight=part.weight, measures=map(measure_to, part.measures), score=part.score
    )


def gate_to(gate: Gate) -> windows_pb2.Gate:
    """A gate as the contract has it."""
    level = gate.whole.level
    return windows_pb2.Gate(
        name=level.name,
        title=level.title,
        days=map(measure_to, gate.days),
        whole=measure_to(gate.whole),
        standing=STANDINGS[gate.standing],
    )


def measure_to(measure: Measure) -> windows_pb2.Measure:
    """A figure beside its level as the contract has it."""
    level = measure.level
    return windows_pb2.Measure(
        name=level.name,
        title=level.title,
        value=measure.value,
        level=level.level,
        at_least=level.at_least,
        unit=level.unit,
        of=measure.of,
        lower=measure.lower,
        upper=measure.upper,
        standing=STANDINGS[measure.standing],
        before=measure.before,
        differs=measure.differs,
    )


def session_to(session: Session) -> sessions_pb2.Session:
    """A session as the contract has it."""
    answer = sessions_pb2.Session(
        session_id=session.session_id,
        project_id=session.project_id,
        client=session.client,
        moments=session.moments,
        calls=session.calls,
        failures=session.failures,
        decisions=session.decisions,
        said=session.said,
        ended=session.ended,
    )
    answer.began_at.FromDatetime(session.began_at)
    answer.seen_at.FromDatetime(session.seen_at)
    return answer


def happening_to(moment: Moment) -> sessions_pb2.Happening:
    """A moment as the contract has it."""
    kind: Any = moment.kind
    origin: Any = moment.origin
    answer = sessions_pb2.Happening(
        event_id=moment.event_id,
        kind=kind,
        agent_id=moment.agent_id,
        tool=moment.tool,
        about=moment.about,
        failure_class=moment.failure_class,
        signature=moment.signature,
        duration_ms=moment.duration_ms,
        origin=origin,
        decision_id=moment.decision_id,
        trace_id=moment.trace_id,
    )
    answer.occurred_at.FromDatetime(moment.occurred_at)
    answer.observed_at.FromDatetime(moment.observed_at)
    return answer


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


def figures_to(figures: ArmFigures) -> telemetry_pb2.ArmFigures:
    """An arm as the contract has it."""
    rate = figures.rate
    return telemetry_pb2.ArmFigures(
        sessions=rate.sessions,
        calls=rate.calls,
        failures=rate.failures,
        pieces=figures.pieces,
        failure_rate=rate.value,
    )
