"""What telemetry keeps of each thing it hears, and what can be asked.

Numbers of enums are the contract's; times are in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision."""

    workspace_id: str
    decision_id: str
    observed_at: datetime
    occurred_at: datetime
    project_id: str
    session_id: str
    client: str
    kind: int
    tool: str
    route: int
    silence: int
    """0 when something was said."""
    said: bool
    arm: int
    """0 where there is no experiment."""
    pieces: int
    """Said, or withheld in the control arm."""
    found: int
    """Pieces that were found, said or held back."""
    latency_us: int
    hook_latency_us: int
    live: bool
    """Whether it was made for a client's hook at work, not for a recording."""
    trace_id: str
    event: bytes
    """The whole event as it came."""

    @property
    def key(self) -> tuple[str, datetime, str]:
        """What makes it this decision; two events with the same key are one decision."""
        return self.workspace_id, self.observed_at, self.decision_id


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened in a session."""

    workspace_id: str
    observed_at: datetime
    event_id: str
    occurred_at: datetime
    project_id: str
    session_id: str
    agent_id: str
    client: str
    origin: int
    kind: int
    tool: str
    about: str
    """What a call works on, or the beginning of a prompt."""
    failure_class: str
    signature: str
    duration_ms: int
    decision_id: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Advice:
    """A piece of advice as it stood at a time."""

    workspace_id: str
    given_at: datetime
    advice_id: str
    changed_at: datetime
    project_id: str
    session_id: str
    state: int
    verdict: int
    event: bytes


@dataclass(frozen=True, slots=True)
class Generation:
    """A call of an engine that is over; `cost` in millionths of a US dollar."""

    workspace_id: str
    ended_at: datetime
    call_id: str
    engine: str
    purpose: str
    input_tokens: int
    output_tokens: int
    cost: int
    event: bytes


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of one kind in one place, those of a short while together."""

    workspace_id: str
    last_at: datetime
    event_id: str
    component: str
    reason: str
    count: int
    event: bytes


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an agent, in numbers."""

    workspace_id: str
    session_id: str
    project_id: str
    client: str
    began_at: datetime
    seen_at: datetime
    ended: bool = False
    moments: int = 0
    calls: int = 0
    """Those that came back."""
    failures: int = 0
    decisions: int = 0
    said: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a workspace is meant; an empty field leaves all in."""

    workspace_id: str
    project_id: str = ""
    session_id: str = ""
    only_said: bool = False
    only_found: bool = False
    route: int = 0
    silence: int = 0
    since: datetime | None = None
    """Observed then or later."""
    until: datetime | None = None
    """Observed before then."""
    before: tuple[datetime, str] | None = None
    """Only what comes after this one in a list that has the newest first: when it was observed, and its id."""
