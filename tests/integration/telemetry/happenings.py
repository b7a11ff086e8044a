"""Events that telemetry hears beside decisions, as others announce them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chassis.identifiers import digest, new_ulid
from spark.fault.v1 import seen_pb2
from spark.inference.v1 import ended_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2, judged_pb2

PROJECT = "00000000000000aa"
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def observed(
    name: str,
    kind: moment_pb2.MomentKind.ValueType = moment_pb2.MOMENT_KIND_CALL_SUCCEEDED,
    *,
    at: datetime | None = None,
    project: str = PROJECT,
    session: str = "session",
    workspace: str = "local",
    target: str = "make test",
) -> moment_pb2.MomentObserved:
    """A moment: a call, or a prompt where its kind says so."""
    at = at or datetime.now(UTC)
    moment = moment_pb2.Moment(
        envelope=moment_pb2.Envelope(
            event_id=digest(workspace, name),
            workspace_id=workspace,
            project_id=project,
            session_id=session,
            client="claude-code",
            origin=moment_pb2.ORIGIN_LIVE,
            schema_version=1,
            traceparent=TRACEPARENT,
        ),
        kind=kind,
    )
    moment.envelope.occurred_at.FromDatetime(at)
    moment.envelope.observed_at.FromDatetime(at)
    if kind == moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED:
        moment.prompt.text = target
    elif kind not in (moment_pb2.MOMENT_KIND_SESSION_STARTED, moment_pb2.MOMENT_KIND_SESSION_ENDED):
        moment.call.tool, moment.call.target = "Bash", target
    if kind == moment_pb2.MOMENT_KIND_CALL_FAILED:
        moment.outcome.failure_class, moment.outcome.signature = "shell.exit", "exit 1"
    moment.outcome.duration_ms = 40
    return moment_pb2.MomentObserved(moment=moment)


def judged(
    advice_id: str,
    state: advice_pb2.AdviceState.ValueType = advice_pb2.ADVICE_STATE_OPEN,
    *,
    given_at: datetime,
    after_s: float = 0,
    verdict: advice_pb2.Verdict.ValueType = advice_pb2.VERDICT_UNSPECIFIED,
    session: str = "session",
    project: str = PROJECT,
    workspace: str = "local",
) -> judged_pb2.AdviceJudged:
    """A piece of advice as it stands so many seconds after it was given."""
    event = judged_pb2.AdviceJudged(
        event_id=new_ulid(),
        workspace_id=workspace,
        project_id=project,
        session_id=session,
        advice_id=advice_id,
        packet_id="packet",
        state=state,
        verdict=verdict,
    )
    event.given_at.FromDatetime(given_at)
    event.changed_at.FromDatetime(given_at + timedelta(seconds=after_s))
    return event


def ended(
    call_id: str, *, at: datetime, tokens: tuple[int, int] = (100, 20), cost: int = 0, engine: str = "llama"
) -> ended_pb2.GenerationEnded:
    """A call of an engine that is over."""
    event = ended_pb2.GenerationEnded(
        call_id=call_id,
        workspace_id="local",
        purpose="agent_0",
        engine=engine,
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        cost_microusd=cost,
    )
    event.began_at.FromDatetime(at - timedelta(seconds=1))
    event.ended_at.FromDatetime(at)
    return event


def seen(component: str, reason: str, count: int = 1, *, at: datetime) -> seen_pb2.FaultSeen:
    """Faults of one kind."""
    event = seen_pb2.FaultSeen(
        event_id=new_ulid(), workspace_id="local", component=component, reason=reason, count=count
    )
    event.first_at.FromDatetime(at)
    event.last_at.FromDatetime(at)
    return event
