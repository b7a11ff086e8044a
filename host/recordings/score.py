"""What a replay showed, in figures."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from host.recordings.replay import Played
from spark.telemetry.v1 import telemetry_pb2

if TYPE_CHECKING:
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

FAILURE = "PostToolUseFailure"
RECORDING_SECONDS = 10.0


@dataclass(frozen=True)
class Score:
    """Figures of a replay; times in milliseconds."""

    moments: int
    sessions: int
    said: int
    said_by_event: dict[str, int]
    routes: dict[str, int]
    silences: dict[str, int]
    failures: int
    failures_answered: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    slowest_ms: float


async def score(played: Sequence[Played], telemetry: TelemetryServiceAsyncStub) -> Score:
    """The figures, with the reasons of silence as telemetry has them."""
    said = [item for item in played if item.reply.advice]
    failures = [item for item in played if item.event == FAILURE]
    times = sorted(item.reply.milliseconds for item in played)
    decided = [item for item in played if "spark-decision" in item.reply.headers]
    return Score(
        moments=len(played),
        sessions=len({item.session for item in played}),
        said=len(said),
        said_by_event=dict(Counter(item.event for item in said).most_common()),
        routes=dict(Counter(item.route for item in decided).most_common()),
        silences=await silences(telemetry, len(decided)),
        failures=len(failures),
        failures_answered=sum(1 for item in failures if item.reply.advice),
        p50_ms=percentile(times, 50),
        p95_ms=percentile(times, 95),
        p99_ms=percentile(times, 99),
        slowest_ms=percentile(times, 100),
    )


async def silences(telemetry: TelemetryServiceAsyncStub, decisions: int) -> dict[str, int]:
    """Reasons of silence by how often, once every decision is recorded, or as far as they are after 10 s."""
    give_up = asyncio.get_running_loop().time() + RECORDING_SECONDS
    while True:
        summary = await telemetry.Summarize(telemetry_pb2.SummarizeRequest())
        if summary.decisions >= decisions or asyncio.get_running_loop().time() > give_up:
            return {item.name: item.count for item in summary.silences}
        await asyncio.sleep(0.05)


def percentile(ordered: Sequence[float], share: int) -> float:
    """The value below which so many of a hundred lie (nearest rank); 0 of nothing."""
    if not ordered:
        return 0.0
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def as_row(played: Played) -> dict[str, Any]:
    """A moment for programs."""
    return {
        "at": played.hook.occurred_at.isoformat(),
        "session": played.session,
        "event": played.event,
        "tool": played.tool,
        "subject": played.subject,
        "route": played.route,
        "advice": played.reply.advice,
        "milliseconds": round(played.reply.milliseconds, 3),
    }
