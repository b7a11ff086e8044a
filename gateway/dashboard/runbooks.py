"""Which runbook of docs/runbooks tells what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping

OF_LEVELS: Mapping[str, str] = {"recorded_share": "events-lost"}
"""Where it does not go by the level's own name."""

OF_REASONS: Mapping[str, str] = {
    "store_unavailable": "postgres-away",
    "bus_unavailable": "nats-away",
    "budget_exhausted": "budget-exhausted",
    "engine_unavailable": "engine-not-ready",
    "dead": "dead-letters",
    "deadline_exceeded": "hook-p95",
    "late": "answered-share",
    "failed": "answered-share",
    "decision_lost": "events-lost",
    "moment_lost": "events-lost",
    "retried": "consumer-lag",
}


def of_level(name: str) -> str:
    """The runbook for a level that is missed."""
    return OF_LEVELS.get(name, name.replace("_", "-"))


def of_fault(name: str) -> str:
    """The runbook for faults, given as `component reason`; empty where none is known."""
    return OF_REASONS.get(name.rpartition(" ")[2], "")
