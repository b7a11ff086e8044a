"""A decision as it is kept, what can be asked about decisions, and what is known of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `kind`, `route` and `silence` are the contract's numbers; times are in UTC."""

    workspace_id: str
    decision_id: str
    observed_at: datetime
    occurred_at: datetime
    project_id: str
    session_id: str
    kind: int
    tool: str
    route: int
    silence: int
    """0 when something was said."""
    said: bool
    arm: int
    """The contract's number; 0 where there is no experiment."""
    pieces: int
    """Said, or withheld in the control arm."""
    latency_us: int
    hook_latency_us: int
    live: bool
    """Whether it was made for a client's hook at work, not for a recording."""
    event: bytes
    """The whole event as it came."""

    @property
    def key(self) -> tuple[str, datetime, str]:
        """What makes it this decision; two events with the same key are one decision."""
        return self.workspace_id, self.observed_at, self.decision_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions of a workspace are meant; an empty field leaves them all in."""

    workspace_id: str
    project_id: str = ""
    session_id: str = ""
    only_said: bool = False
    since: datetime | None = None
    """Observed then or later."""
    until: datetime | None = None
    """Observed before then."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of the hook's latency in microseconds; each is a latency that did occur."""

    p50: int = 0
    p90: int = 0
    p95: int = 0
    p99: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Many decisions in numbers. Routes and silences by the contract's numbers."""

    decisions: int
    said: int
    routes: Mapping[int, int]
    silences: Mapping[int, int]
    latency: Latency
