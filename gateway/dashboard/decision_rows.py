"""Decisions as lines of a list. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.dashboard.formats import one_line, project_name
from gateway.phrases import KINDS, SILENCES, words_for
from spark.router.v1 import router_pb2

GIST_CHARS = 240
TARGET_CHARS = 160

STATES: Mapping[str, str] = {
    "said": "Said",
    "withheld": "Withheld",
    "held": "Held back",
    "silent": "Silent",
}

ROUTES: Mapping[int, str] = {
    router_pb2.ROUTE_PACKET_EXACT: "exact",
    router_pb2.ROUTE_PACKET_RELAXED: "similar",
    router_pb2.ROUTE_LIVE: "model",
    router_pb2.ROUTE_DETERMINISTIC: "none",
}
"""Routes in one word."""


@dataclass(frozen=True)
class Row:
    """What a line shows."""

    decision_id: str
    at: Timestamp
    state: str
    state_words: str
    kind: str
    tool: str
    target: str
    gist: str
    """The advice in short, or why there is none."""
    route: str
    latency_us: int
    project: str
    project_id: str
    session_id: str


def rows_of(decisions: Iterable[router_pb2.AdviceDecided], roots: Mapping[str, str]) -> list[Row]:
    """Decisions as lines, in the same order."""
    return [row_of(decided, roots) for decided in decisions]


def row_of(decided: router_pb2.AdviceDecided, roots: Mapping[str, str]) -> Row:
    """One decision as a line."""
    decision, envelope = decided.decision, decided.envelope
    state = state_of(decision)
    return Row(
        decision_id=decision.decision_id,
        at=envelope.occurred_at,
        state=state,
        state_words=STATES[state],
        kind=words_for(KINDS, decided.kind),
        tool=decided.tool,
        target=one_line(decided.target, TARGET_CHARS),
        gist=one_line(gist_of(decision), GIST_CHARS),
        route=ROUTES.get(decision.route, "?"),
        latency_us=decided.hook_latency_us or decision.latency_us,
        project=project_name(roots, envelope.project_id),
        project_id=envelope.project_id,
        session_id=envelope.session_id,
    )


def state_of(decision: router_pb2.Decision) -> str:
    """Whether something was said, withheld for comparison or by a switch, held back, or not known at all."""
    if decision.said:
        return "withheld" if decision.silence else "said"
    return "held" if decision.held else "silent"


def gist_of(decision: router_pb2.Decision) -> str:
    """What was said, each piece after the other; or why nothing was."""
    if decision.said and not decision.silence:
        return " · ".join(advice.text for advice in decision.said)
    return words_for(SILENCES, decision.silence)
