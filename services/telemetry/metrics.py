"""What operators see of decisions made for live hooks, in this process's metrics."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from chassis.edges import HOOK_EDGES_S
from services.telemetry.model import Decision
from services.telemetry.naming import ROUTES, SILENCES, name_of

DECISIONS = Counter(
    "spark_decisions", "Decisions by route and reason of silence, which is `none` when said", ["route", "silence"]
)
HOOK_SECONDS = Histogram(
    "spark_hook_seconds",
    "Time from a hook's arrival to the reply",
    buckets=HOOK_EDGES_S,
)


def measure(decisions: Iterable[Decision]) -> None:
    """Counts the live ones; a recording driven again says nothing about how hooks fare now."""
    for decision in decisions:
        if decision.live:
            silence = name_of(SILENCES, decision.silence) if decision.silence else "none"
            DECISIONS.labels(name_of(ROUTES, decision.route), silence).inc()
            HOOK_SECONDS.observe(decision.hook_latency_us / 1e6)
