"""The rules of telemetry's contract."""

from __future__ import annotations

from google.protobuf.message import Message

from spark.telemetry.v1 import sessions_pb2, telemetry_pb2, windows_pb2
from tests.contract.rule import Rule, bounded, known, present


def paged(kind: type[Message], most: int, token: int = 400) -> tuple[Rule, ...]:
    """A question that is answered in pages."""
    return Rule(kind, "page_size", (0, most), (most + 1,)), bounded(kind, "page_token", 0, token)


RULES_OF_TELEMETRY: tuple[Rule, ...] = (
    bounded(telemetry_pb2.ListDecisionsRequest, "session_id", 0, 200),
    bounded(telemetry_pb2.ListDecisionsRequest, "project_id", 0, 64),
    *paged(telemetry_pb2.ListDecisionsRequest, 500),
    bounded(telemetry_pb2.GetDecisionRequest, "decision_id", 8, 40),
    bounded(windows_pb2.SummarizeRequest, "project_id", 0, 64),
    bounded(windows_pb2.SummarizeRequest, "session_id", 0, 200),
    bounded(windows_pb2.ListSeriesRequest, "project_id", 0, 64),
    present(windows_pb2.ListSeriesRequest, "since"),
    known(windows_pb2.ListSeriesRequest, "step", unset=True),
    bounded(windows_pb2.GetScorecardRequest, "project_id", 0, 64),
    bounded(sessions_pb2.ListSessionsRequest, "project_id", 0, 64),
    *paged(sessions_pb2.ListSessionsRequest, 500, token=1200),
    bounded(sessions_pb2.ListMomentsRequest, "session_id", 1, 200),
    *paged(sessions_pb2.ListMomentsRequest, 1000),
    bounded(telemetry_pb2.ExportRequest, "project_id", 0, 64),
    bounded(telemetry_pb2.ExportRequest, "session_id", 0, 200),
    bounded(telemetry_pb2.CompareArmsRequest, "project_id", 0, 64),
    Rule(telemetry_pb2.CompareArmsRequest, "alpha", (0.0, 0.999), (-0.01, 1.0, float("nan"))),
    bounded(telemetry_pb2.WatchDecisionsRequest, "project_id", 0, 64),
    Rule(telemetry_pb2.ForgetRequest, "whole_workspace", (True,), (False,)),
)
