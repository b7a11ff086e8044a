"""Every rule of the contract, from both sides: the last value that fits and the first that does not."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from protovalidate import Validator

from buf.validate import validate_pb2
from chassis.validation import field_path
from spark.gateway.v1 import hooks_pb2
from spark.memory.v1 import conversation_pb2, lesson_pb2, memory_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2, packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2
from tests.contract.contract_files import MESSAGES, METHODS, full_name
from tests.contract.rule import SHARE, TEXT_BYTES, Rule, bounded, hexadecimal, known, many, present
from tests.contract.rules_of_events import RULES_OF_EVENTS
from tests.contract.rules_of_inference import RULES_OF_INFERENCE
from tests.contract.rules_of_telemetry import RULES_OF_TELEMETRY
from tests.contract.valid_messages import ENTRY, FAILURE_KEY, HOOK, MOMENT, PACKET, SPAN, valid

VALIDATOR = Validator()


RULES: tuple[Rule, ...] = (
    hexadecimal(moment_pb2.Envelope, "event_id", 32),
    Rule(moment_pb2.Envelope, "workspace_id", ("a", "0" * 63), ("", "A", "-a", "a" * 64, "a b", "a\n")),
    hexadecimal(moment_pb2.Envelope, "project_id", 16),
    bounded(moment_pb2.Envelope, "session_id", 1, 200),
    bounded(moment_pb2.Envelope, "agent_id", 0, 200),
    Rule(moment_pb2.Envelope, "client", ("ab", "a" * 31, "claude-code"), ("", "a", "a" * 32, "1ab", "A", "a_b")),
    known(moment_pb2.Envelope, "origin", unset=False),
    present(moment_pb2.Envelope, "occurred_at"),
    present(moment_pb2.Envelope, "observed_at"),
    bounded(moment_pb2.Envelope, "traceparent", 0, 128),
    Rule(moment_pb2.Envelope, "schema_version", (1, 2), (0,)),
    bounded(moment_pb2.Envelope, "decision_id", 0, 26),
    bounded(moment_pb2.Project, "root", 0, 4096),
    bounded(moment_pb2.Project, "remote", 0, 2048),
    Rule(moment_pb2.Prompt, "text", *TEXT_BYTES),
    many(moment_pb2.Prompt, "tokens", 0, 32),
    known(moment_pb2.Prompt, "intent", unset=True),
    known(moment_pb2.Prompt, "plane", unset=True),
    many(moment_pb2.Prompt, "asks_for", 0, 8, item=1),
    bounded(moment_pb2.ToolCall, "tool_use_id", 0, 200),
    bounded(moment_pb2.ToolCall, "tool", 1, 200),
    bounded(moment_pb2.ToolCall, "target", 0, 1000),
    bounded(moment_pb2.ToolCall, "target_class", 0, 200),
    bounded(moment_pb2.ToolCall, "program", 0, 200),
    known(moment_pb2.ToolCall, "purpose", unset=True),
    bounded(moment_pb2.ToolCall, "directory", 0, 4096),
    many(moment_pb2.ToolCall, "tokens", 0, 16),
    Rule(moment_pb2.ToolCall, "command", *TEXT_BYTES),
    bounded(moment_pb2.ToolCall, "input_digest", 0, 32),
    Rule(moment_pb2.ToolCall, "description", ("é" * 512,), ("é" * 512 + "e",)),
    Rule(moment_pb2.ToolCall, "replacement", ("é" * 1024,), ("é" * 1024 + "e",)),
    Rule(moment_pb2.Outcome, "error", *TEXT_BYTES),
    Rule(moment_pb2.Outcome, "failure_class", ("", "shell.bad_flag"), ("shell", "shell.", ".bad", "a.b.c", "A.b")),
    bounded(moment_pb2.Outcome, "signature", 0, 400),
    Rule(moment_pb2.Outcome, "user_reason", *TEXT_BYTES),
    present(moment_pb2.Moment, "envelope"),
    known(moment_pb2.Moment, "kind", unset=False),
    present(moment_pb2.MomentObserved, "moment"),
    known(lesson_pb2.Fix, "kind", unset=True),
    bounded(lesson_pb2.Fix, "worked", 0, 1000),
    many(lesson_pb2.Fix, "steps", 0, 4),
    many(lesson_pb2.Provenance, "session_ids", 0, 8),
    many(lesson_pb2.Provenance, "tool_use_ids", 0, 8),
    hexadecimal(lesson_pb2.Lesson, "lesson_id", 32),
    Rule(lesson_pb2.Lesson, "workspace_id", ("w",), ("",)),
    Rule(lesson_pb2.Lesson, "project_id", ("p",), ("",)),
    known(lesson_pb2.Lesson, "kind", unset=False),
    known(lesson_pb2.Lesson, "state", unset=False),
    bounded(lesson_pb2.Lesson, "text", 0, 2000),
    many(lesson_pb2.Lesson, "tokens", 0, 32),
    many(lesson_pb2.Lesson, "antecedents", 0, 8),
    many(lesson_pb2.Lesson, "prompt_tokens", 0, 16),
    bounded(lesson_pb2.Lesson, "input_digest", 0, 32),
    Rule(lesson_pb2.Lesson, "confidence", *SHARE),
    Rule(lesson_pb2.LessonChanged, "event_id", ("e",), ("",)),
    present(lesson_pb2.LessonChanged, "lesson"),
    bounded(memory_pb2.ListLessonsRequest, "project_id", 0, 64),
    Rule(memory_pb2.ListLessonsRequest, "page_size", (0, 500), (501,)),
    bounded(memory_pb2.ListLessonsRequest, "page_token", 0, 200),
    hexadecimal(memory_pb2.ReviseLessonRequest, "lesson_id", 32),
    bounded(memory_pb2.ReviseLessonRequest, "text", 0, 500),
    hexadecimal(memory_pb2.RetireLessonRequest, "lesson_id", 32),
    many(memory_pb2.FindLearntRequest, "event_ids", 0, 10_000, "0" * 32),
    bounded(memory_pb2.SessionSpan, "session_id", 1, 200),
    present(memory_pb2.SessionSpan, "began"),
    present(memory_pb2.SessionSpan, "ended"),
    many(memory_pb2.FindSeenLiveRequest, "spans", 0, 1000, SPAN),
    Rule(conversation_pb2.Entry, "entry_id", ("0" * 26, "Z" * 26), ("", "0" * 25, "0" * 27, "I" * 26, "a" * 26)),
    bounded(conversation_pb2.Entry, "session_id", 1, 200),
    known(conversation_pb2.Entry, "speaker", unset=False),
    Rule(conversation_pb2.Entry, "text", ("e", "é" * 32_768), ("", "é" * 32_768 + "e")),
    present(conversation_pb2.Entry, "said_at"),
    many(conversation_pb2.RememberRequest, "entries", 1, 100, ENTRY),
    bounded(conversation_pb2.RecallRequest, "session_id", 1, 200),
    Rule(conversation_pb2.RecallRequest, "text", ("", "é" * 32_768), ("é" * 32_768 + "e",)),
    Rule(conversation_pb2.RecallRequest, "limit", (0, 50), (51,)),
    Rule(conversation_pb2.RecallRequest, "last", (0, 50), (51,)),
    bounded(conversation_pb2.ListEntriesRequest, "session_id", 1, 200),
    Rule(conversation_pb2.ListEntriesRequest, "page_size", (0, 500), (501,)),
    bounded(conversation_pb2.ListEntriesRequest, "page_token", 0, 200),
    bounded(packets_pb2.Packet, "packet_id", 1, 64),
    hexadecimal(packets_pb2.Packet, "project_id", 16),
    known(packets_pb2.Packet, "source_mode", unset=False),
    bounded(packets_pb2.Packet, "text", 1, 2000),
    Rule(packets_pb2.Packet, "confidence", *SHARE),
    Rule(packets_pb2.Packet, "effectiveness_score", *SHARE),
    present(packets_pb2.Packet, "lesson"),
    present(packets_pb2.Packet, "fresh_until"),
    many(packets_pb2.Packet, "names", 0, 8, FAILURE_KEY),
    many(packets_pb2.Packet, "suggests", 0, 8, router_pb2.Suggestion()),
    bounded(packets_pb2.Branch, "tool", 0, 200),
    bounded(packets_pb2.Branch, "target_class", 0, 200),
    many(packets_pb2.Branch, "chances", 0, 16, packets_pb2.Chance()),
    Rule(packets_pb2.Chance, "probability", *SHARE),
    many(packets_pb2.Preparation, "packets", 0, 32, PACKET),
    many(packets_pb2.Preparation, "branches", 0, 16, packets_pb2.Branch()),
    Rule(packets_pb2.Preparation, "threshold", *SHARE),
    present(packets_pb2.PrepareRequest, "envelope"),
    present(packets_pb2.PrepareRequest, "preparation"),
    present(packets_pb2.LookupRequest, "moment"),
    Rule(packets_pb2.LookupRequest, "limit", (0, 50), (51,)),
    present(packets_pb2.ClaimRequest, "moment"),
    many(packets_pb2.ClaimRequest, "packet_ids", 1, 8),
    present(packets_pb2.PutPacketRequest, "packet"),
    Rule(packets_pb2.InvalidatePacketRequest, "packet_id", ("p",), ("",)),
    bounded(packets_pb2.InvalidatePacketRequest, "reason", 1, 200),
    bounded(packets_pb2.GetStatusRequest, "project_id", 0, 64),
    *(
        rule
        for kind in (hooks_pb2.GiveFeedbackRequest, advice_pb2.GiveFeedbackRequest)
        for rule in (bounded(kind, "advice_id", 4, 40), known(kind, "verdict", unset=False))
    ),
    bounded(advice_pb2.ListAdviceRequest, "session_id", 0, 200),
    bounded(advice_pb2.ListAdviceRequest, "project_id", 0, 64),
    Rule(advice_pb2.ListAdviceRequest, "page_size", (0, 1000), (1001,)),
    many(advice_pb2.ListAdviceRequest, "advice_ids", 0, 1000),
    present(prefetch_pb2.RemedyRequest, "moment"),
    hexadecimal(prefetch_pb2.ForeseeRequest, "project_id", 16),
    bounded(prefetch_pb2.ForeseeRequest, "session_id", 1, 200),
    bounded(prefetch_pb2.ForeseeRequest, "agent_id", 0, 200),
    bounded(prefetch_pb2.ListForetoldRequest, "session_id", 1, 200),
    bounded(prefetch_pb2.PauseRequest, "reason", 1, 200),
    present(prefetch_pb2.PrefetchRequested, "envelope"),
    bounded(moment_pb2.FailureKey, "tool", 1, 200),
    bounded(moment_pb2.FailureKey, "target_class", 0, 200),
    Rule(moment_pb2.FailureKey, "failure_class", ("", "shell.bad_flag"), ("shell", "shell.", ".bad", "a.b.c", "A.b")),
    bounded(router_pb2.Suggestion, "tool", 0, 200),
    bounded(router_pb2.Suggestion, "target", 0, 1000),
    many(router_pb2.Suggestion, "words", 0, 64),
    bounded(router_pb2.Advice, "advice_id", 0, 40),
    many(router_pb2.Advice, "names", 0, 8, FAILURE_KEY),
    many(router_pb2.Advice, "suggests", 0, 8, router_pb2.Suggestion()),
    Rule(router_pb2.Advice, "probability", *SHARE),
    bounded(router_pb2.AdviceDecided, "tool_use_id", 0, 200),
    bounded(router_pb2.Advice, "text", 0, 2000),
    bounded(router_pb2.Decision, "text", 0, 8000),
    present(router_pb2.AdviseRequest, "moment"),
    present(router_pb2.AdviceDecided, "envelope"),
    present(router_pb2.AdviceDecided, "decision"),
    bounded(hooks_pb2.HandleHookRequest, "client", 1, 32),
    Rule(hooks_pb2.HandleHookRequest, "payload", (b"{}", bytes(8 << 20)), (b"", b"{", bytes((8 << 20) + 1))),
    many(hooks_pb2.TakeMomentsRequest, "moments", 1, 64, MOMENT),
    Rule(hooks_pb2.TakeMomentsRequest, "answered", (0, 63), (64,)),
    Rule(hooks_pb2.RecordedHook, "payload", (b"{}",), (b"", b"{")),
    present(hooks_pb2.RecordedHook, "occurred_at"),
    bounded(hooks_pb2.ImportHooksRequest, "client", 1, 32),
    many(hooks_pb2.ImportHooksRequest, "hooks", 0, 1000, HOOK),
    bounded(hooks_pb2.ImportHooksRequest, "project", 0, 4096),
    bounded(hooks_pb2.ResolveProjectRequest, "folder", 1, 4096),
    present(hooks_pb2.ChatRequest, "chat"),
    *(
        Rule(kind, field, ("s",), ("",))
        for kind in (
            hooks_pb2.ForgetRequest,
            memory_pb2.ForgetRequest,
            packets_pb2.ForgetRequest,
            prefetch_pb2.ForgetRequest,
            telemetry_pb2.ForgetRequest,
        )
        for field in ("session_id", "project_id")
    ),
    *(
        present(kind, "subject")
        for kind in (
            hooks_pb2.ForgetRequest,
            memory_pb2.ForgetRequest,
            packets_pb2.ForgetRequest,
            prefetch_pb2.ForgetRequest,
            telemetry_pb2.ForgetRequest,
        )
    ),
    *RULES_OF_EVENTS,
    *RULES_OF_INFERENCE,
    *RULES_OF_TELEMETRY,
)


def violations(message: Message) -> list[str]:
    """The fields that break a rule, by path."""
    return [field_path(violation.proto) for violation in VALIDATOR.collect_violations(message)]


def changed(rule: Rule, value: object) -> Message:
    """A valid message but for the one field."""
    message = valid(rule.kind)
    message.ClearField(rule.field)
    if isinstance(value, list):
        getattr(message, rule.field).extend(value)
    elif value is not None:
        setattr(message, rule.field, value)
    return message


def rules_declared() -> Iterable[tuple[str, str]]:
    for kind in MESSAGES:
        for field in kind.DESCRIPTOR.fields:
            if field.GetOptions().HasExtension(validate_pb2.field):
                yield full_name(kind), field.name
        for oneof in kind.DESCRIPTOR.oneofs:
            if oneof.GetOptions().HasExtension(validate_pb2.oneof):
                yield full_name(kind), oneof.name


def test_every_rule_of_the_contract_stands_in_the_table() -> None:
    assert sorted((full_name(rule.kind), rule.field) for rule in RULES) == sorted(rules_declared())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{full_name(rule.kind)}.{rule.field}")
def test_a_rule_holds_on_both_sides(rule: Rule) -> None:
    for value in rule.fits:
        assert violations(changed(rule, value)) == [], repr(value)[:60]
    for value in rule.breaks:
        assert set(violations(changed(rule, value))) == {rule.field}, repr(value)[:60]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_a_request_can_be_valid(method: MethodDescriptor) -> None:
    assert violations(valid(GetMessageClass(method.input_type))) == []


def test_all_that_is_wrong_is_named_with_its_place() -> None:
    lookup = valid(packets_pb2.LookupRequest)
    lookup.limit = 51
    lookup.moment.kind = moment_pb2.MOMENT_KIND_UNSPECIFIED
    lookup.moment.envelope.project_id = "not a hash"
    lookup.moment.outcome.failure_class = "not a class"
    assert set(violations(lookup)) == {
        "limit",
        "moment.kind",
        "moment.envelope.project_id",
        "moment.outcome.failure_class",
    }


def test_an_item_of_a_list_is_named_by_its_index() -> None:
    batch = valid(hooks_pb2.ImportHooksRequest)
    batch.hooks.extend([HOOK, hooks_pb2.RecordedHook(payload=b"{}")])
    assert violations(batch) == ["hooks[2].occurred_at"]


def test_rules_reach_through_nested_messages() -> None:
    put = packets_pb2.PutPacketRequest(packet=PACKET)
    put.packet.lesson.fix.steps.extend(["step"] * 5)
    claim = packets_pb2.ClaimRequest(moment=MOMENT)
    claim.moment.call.tool = ""
    assert list(chain(violations(put), violations(claim))) == [
        "packet.lesson.fix.steps",
        "moment.call.tool",
        "packet_ids",
    ]
