"""One message of each type that keeps every rule of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from spark.fault.v1 import seen_pb2
from spark.gateway.v1 import hooks_pb2
from spark.inference.v1 import ended_pb2, generation_pb2, inference_pb2
from spark.memory.v1 import conversation_pb2, lesson_pb2, memory_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2, judged_pb2, packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import sessions_pb2, telemetry_pb2, windows_pb2

M = TypeVar("M", bound=Message)

NOW = Timestamp()
NOW.FromDatetime(datetime(2026, 11, 20, 12, tzinfo=UTC))

ENVELOPE = moment_pb2.Envelope(
    event_id="ab" * 16,
    workspace_id="local",
    project_id="cd" * 8,
    session_id="session",
    client="claude-code",
    origin=moment_pb2.ORIGIN_LIVE,
    occurred_at=NOW,
    observed_at=NOW,
    schema_version=1,
)
CALL = moment_pb2.ToolCall(tool="Bash", target="pytest -q", purpose=moment_pb2.PURPOSE_TEST)
MOMENT = moment_pb2.Moment(
    envelope=ENVELOPE,
    kind=moment_pb2.MOMENT_KIND_CALL_FAILED,
    project=moment_pb2.Project(root="/repository"),
    prompt=moment_pb2.Prompt(text="run the tests"),
    call=CALL,
    outcome=moment_pb2.Outcome(error="no such option", failure_class="shell.bad_flag"),
)
FIX = lesson_pb2.Fix(kind=lesson_pb2.FIX_KIND_CHANGED_ARGUMENTS, worked="pytest -q")
LESSON = lesson_pb2.Lesson(
    lesson_id="ef" * 16,
    workspace_id="local",
    project_id="cd" * 8,
    kind=lesson_pb2.LESSON_KIND_FAILURE_FIX,
    state=lesson_pb2.LESSON_STATE_ACTIVE,
    fix=FIX,
    confidence=0.5,
)
PACKET = packets_pb2.Packet(
    packet_id="ef" * 16,
    project_id="cd" * 8,
    source_mode=packets_pb2.SOURCE_MODE_LESSON,
    text="pytest needs -q here",
    confidence=0.5,
    effectiveness_score=0.5,
    lesson=LESSON,
    fresh_until=NOW,
)
FAILURE_KEY = moment_pb2.FailureKey(tool="Bash", failure_class="shell.bad_flag")
SPAN = memory_pb2.SessionSpan(session_id="session", began=NOW, ended=NOW)
MESSAGE = generation_pb2.Message(role=generation_pb2.ROLE_USER, text="why does it fail?")
ENTRY = conversation_pb2.Entry(
    entry_id="0" * 26, session_id="session", speaker=conversation_pb2.SPEAKER_USER, text="My bike is red.", said_at=NOW
)
HOOK = hooks_pb2.RecordedHook(payload=b"{}", occurred_at=NOW)

# Types that are not named here keep every rule while empty.
_NAMED: tuple[Message, ...] = (
    ENVELOPE,
    CALL,
    MOMENT,
    moment_pb2.MomentObserved(moment=MOMENT),
    FIX,
    LESSON,
    lesson_pb2.LessonChanged(event_id="event", lesson=LESSON),
    memory_pb2.ReviseLessonRequest(lesson_id="ef" * 16),
    memory_pb2.RetireLessonRequest(lesson_id="ef" * 16),
    memory_pb2.ForgetRequest(session_id="session"),
    SPAN,
    ENTRY,
    conversation_pb2.RememberRequest(entries=[ENTRY]),
    conversation_pb2.RecallRequest(session_id="session"),
    conversation_pb2.ListEntriesRequest(session_id="session"),
    PACKET,
    packets_pb2.LookupRequest(moment=MOMENT),
    packets_pb2.ClaimRequest(moment=MOMENT, packet_ids=["packet"]),
    packets_pb2.PutPacketRequest(packet=PACKET),
    packets_pb2.PrepareRequest(envelope=ENVELOPE, preparation=packets_pb2.Preparation()),
    packets_pb2.InvalidatePacketRequest(packet_id="packet", reason="wrong"),
    packets_pb2.ForgetRequest(session_id="session"),
    advice_pb2.GiveFeedbackRequest(advice_id="advice", verdict=advice_pb2.VERDICT_HELPFUL),
    judged_pb2.AdviceJudged(
        event_id="event",
        workspace_id="local",
        project_id="cd" * 8,
        session_id="session",
        advice_id="advice",
        state=advice_pb2.ADVICE_STATE_OPEN,
        given_at=NOW,
        changed_at=NOW,
    ),
    ended_pb2.GenerationEnded(call_id="call", workspace_id="local", began_at=NOW, ended_at=NOW),
    seen_pb2.FaultSeen(
        event_id="event", workspace_id="local", component="hook", reason="late", count=1, first_at=NOW, last_at=NOW
    ),
    FAILURE_KEY,
    prefetch_pb2.RemedyRequest(moment=MOMENT),
    prefetch_pb2.ForeseeRequest(project_id="cd" * 8, session_id="session"),
    prefetch_pb2.ListForetoldRequest(session_id="session"),
    prefetch_pb2.PauseRequest(reason="the machine is busy"),
    prefetch_pb2.PrefetchRequested(envelope=ENVELOPE),
    prefetch_pb2.ForgetRequest(session_id="session"),
    router_pb2.AdviseRequest(moment=MOMENT),
    router_pb2.AdviceDecided(envelope=ENVELOPE, decision=router_pb2.Decision()),
    telemetry_pb2.ForgetRequest(session_id="session"),
    telemetry_pb2.GetDecisionRequest(decision_id="01K9ZQ4M2X"),
    windows_pb2.ListSeriesRequest(since=Timestamp(seconds=1)),
    sessions_pb2.ListMomentsRequest(session_id="session"),
    MESSAGE,
    generation_pb2.GenerateRequest(request_id="01K9ZQ4M2X0000000000000000", messages=[MESSAGE]),
    inference_pb2.AbortRequest(request_id="01K9ZQ4M2X0000000000000000"),
    inference_pb2.ChatRequest(session_id="session", text="why does it fail?"),
    inference_pb2.RateRequest(answer_id="01K9ZQ4M2X0000000000000000", right=True),
    inference_pb2.SynthesizeRequest(text="pytest needs -q here"),
    HOOK,
    hooks_pb2.HandleHookRequest(client="claude-code", payload=b"{}"),
    hooks_pb2.TakeMomentsRequest(moments=[MOMENT]),
    hooks_pb2.ImportHooksRequest(client="claude-code", hooks=[HOOK]),
    hooks_pb2.ForgetRequest(session_id="session"),
    hooks_pb2.GiveFeedbackRequest(advice_id="advice", verdict=advice_pb2.VERDICT_HELPFUL),
    hooks_pb2.ResolveProjectRequest(folder="/repository"),
    hooks_pb2.ChatRequest(chat=inference_pb2.ChatRequest(session_id="session", text="why does it fail?")),
)
_BY_TYPE = {message.DESCRIPTOR.full_name: message for message in _NAMED}


def valid(kind: type[M]) -> M:
    """A message that keeps every rule; the caller's to change."""
    message = kind()
    named = _BY_TYPE.get(kind.DESCRIPTOR.full_name)
    if named is not None:
        message.MergeFromString(named.SerializeToString())
    return message
