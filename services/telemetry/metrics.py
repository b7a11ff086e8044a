"""What operators see of decisions made for live hooks, in this process's metrics."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from services.telemetry.model import Decision
from services.telemetry.wire import ROUTES, SILENCES, name_of

DECISIONS = Counter(
    "spark_decisions", "Decisions by route and reason of silence, which is `none` when said", ["route", "silence"]
)
HOOK_SECONDS = Histogram(
    "spark_hook_seconds",
    "Time from a hook's arrival to the reply",
    # The target is 2 ms for half of the hooks, the budget 250 ms, an installed hook's patience 1 s.
    buckets=(0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)


def measure(decisions: Iterable[Decision]) -> None:
    """Counts the live ones; a recording driven again says nothing about how hooks fare now."""
    for decision in decisions:
        if decision.live:
            silence = name_of(SILENCES, decision.silence) if decision.silence else "none"
            DECISIONS.labels(name_of(ROUTES, decision.route), silence).inc()
            HOOK_SECONDS.observe(decision.hook_latency_us / 1e6)
