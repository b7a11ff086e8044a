"""What an adapter makes of a hook before it is known whose it is: a moment without its envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.repository import Repository
from spark.moment.v1 import moment_pb2


class Unusable(Exception):
    """A hook that nothing can be made of; its text is a short reason, counted and never shown to the agent."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing that happened. `key` tells it from others of its kind in the session: call id, prompt id."""

    kind: moment_pb2.MomentKind.ValueType
    key: str
    prompt: str = ""
    tool: str = ""
    tool_use_id: str = ""
    tool_input: Mapping[str, object] = field(default_factory=dict[str, object])
    error: str = ""
    user_reason: str | None = None
    duration_ms: int = 0
    conclusive: bool = True
    """Whether the client says how the call ended."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """All that one hook shows."""

    event: str
    session_id: str
    agent_id: str
    folder: str
    sightings: tuple[Sighting, ...]
    advisable: bool
    """Whether the client gives text returned now to the model."""
    repository: Repository | None = None
    """What the client's own shim saw of the repository."""
    about: int = -1
    """Place of the sighting that is answered."""
    error: str = ""
    """What the agent would read of a call that failed, word for word, where advice has to take its place."""
