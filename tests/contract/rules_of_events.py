"""The rules of what is announced to be measured: outcomes of advice, generations, faults."""

from __future__ import annotations

from google.protobuf.message import Message

from spark.fault.v1 import seen_pb2
from spark.inference.v1 import ended_pb2
from spark.packets.v1 import judged_pb2
from tests.contract.rule import Rule, bounded, hexadecimal, known, present


def of_workspace(kind: type[Message]) -> Rule:
    """Whose it is."""
    return Rule(kind, "workspace_id", ("a", "0" * 63), ("", "A", "-a", "a" * 64, "a b", "a\n"))


RULES_OF_EVENTS: tuple[Rule, ...] = (
    bounded(judged_pb2.AdviceJudged, "event_id", 1, 64),
    of_workspace(judged_pb2.AdviceJudged),
    hexadecimal(judged_pb2.AdviceJudged, "project_id", 16),
    bounded(judged_pb2.AdviceJudged, "session_id", 1, 200),
    bounded(judged_pb2.AdviceJudged, "advice_id", 4, 40),
    bounded(judged_pb2.AdviceJudged, "packet_id", 0, 64),
    known(judged_pb2.AdviceJudged, "state", unset=False),
    bounded(judged_pb2.AdviceJudged, "decided_by", 0, 200),
    known(judged_pb2.AdviceJudged, "verdict", unset=True),
    present(judged_pb2.AdviceJudged, "given_at"),
    present(judged_pb2.AdviceJudged, "changed_at"),
    bounded(ended_pb2.GenerationEnded, "call_id", 1, 64),
    of_workspace(ended_pb2.GenerationEnded),
    bounded(ended_pb2.GenerationEnded, "request_id", 0, 64),
    bounded(ended_pb2.GenerationEnded, "purpose", 0, 40),
    bounded(ended_pb2.GenerationEnded, "engine", 0, 64),
    bounded(ended_pb2.GenerationEnded, "model", 0, 200),
    present(ended_pb2.GenerationEnded, "began_at"),
    present(ended_pb2.GenerationEnded, "ended_at"),
    bounded(ended_pb2.GenerationEnded, "traceparent", 0, 128),
    bounded(seen_pb2.FaultSeen, "event_id", 1, 64),
    of_workspace(seen_pb2.FaultSeen),
    bounded(seen_pb2.FaultSeen, "component", 1, 120),
    bounded(seen_pb2.FaultSeen, "reason", 1, 60),
    Rule(seen_pb2.FaultSeen, "count", (1, 2**64 - 1), (0,)),
    present(seen_pb2.FaultSeen, "first_at"),
    present(seen_pb2.FaultSeen, "last_at"),
    bounded(seen_pb2.FaultSeen, "traceparent", 0, 128),
)
