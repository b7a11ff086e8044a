"""What prefetch works with: calls as they came back, and what it remembers of a session. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

SHELLS = frozenset({"Bash"})
EDITS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
READS = frozenset({"Read", "NotebookRead"})
SEARCHES = frozenset({"Grep", "Glob"})

REACH = 5
"""Calls within which a failure that was foreseen must come: advice is judged by them, and so is the forecast."""

STEPS_AT_MOST = 40
TARGETS_AT_MOST = 64
RETURNED_AT_MOST = 128
GROUPS_AT_MOST = 48
PROMPT_WORDS_AT_MOST = 8
LATELY = 10
"""Calls of a session whose words are remembered: what it works on."""


class Outcome(Enum):
    """How a call came back."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened."""

    workspace_id: str
    project_id: str
    session_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call, reduced to what predictions are made from."""

    tool_use_id: str
    tool: str
    target: str
    target_class: str = ""
    command: str = ""
    description: str = ""
    replacement: str = ""

    @property
    def group(self) -> str:
        """Tool and class of the target: what is counted together."""
        return f"{self.tool}|{self.target_class}"

    @property
    def is_shell(self) -> bool:
        """Whether it is a command line."""
        return self.tool in SHELLS

    @property
    def shown(self) -> str:
        """What a person calls it: the command as typed, what an edit puts in place, else the target."""
        text = (self.command if self.is_shell else "") or self.replacement or self.target or self.command
        return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Event:
    """A moment that predictions are learnt from: a prompt's words, or a call that came back."""

    place: Place
    sequence: int
    """Place in the stream of moments."""
    at: datetime
    live: bool
    """Whether somebody may still be advised; imports only teach."""
    prompt_tokens: tuple[str, ...] = ()
    intent: int = 0
    call: Call | None = None
    outcome: Outcome | None = None
    failure_class: str = ""
    signature: str = ""
    error: str = ""
    """The beginning of what the tool printed; only names of things in it are used, never its sentences."""

    @property
    def failed(self) -> bool:
        """Whether a call came back with an error."""
        return self.outcome is Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Step:
    """A call of the session as it is remembered."""

    group: str
    failed: bool
    detail: str
    """What it did within its group, roughly."""
    seconds: float
    """When, since the epoch."""

    @property
    def edit(self) -> bool:
        """Whether it changed a file."""
        return self.group.partition("|")[0] in EDITS


@dataclass(slots=True)
class GroupRuns:
    """What the session did with one group of calls."""

    runs: int = 0
    failures: int = 0
    last: int = 0
    """Number of its last call in the session."""
    failed: int = -1
    """Number of its last failure."""


@dataclass(slots=True)
class Window:
    """A place in the session whose next calls are still to come: what was expected there, and what has come."""

    index: int
    contexts: tuple[str, ...]
    expected: tuple[tuple[str, float], ...]
    """Groups with the probability that was given to a failure of theirs."""
    live: bool = True
    seconds: float = 0.0
    """When, since the epoch."""
    failed_by_then: tuple[tuple[str, int], ...] = ()
    """When each of these had failed last."""
    told: str = ""
    """The group that has just failed, where a remedy tells of it."""
    called: set[str] = field(default_factory=set[str])
    failed: set[str] = field(default_factory=set[str])


@dataclass(frozen=True, slots=True)
class OpenFailure:
    """A failure for which a success of the like is still waited for."""

    group: str
    target: str
    failure_class: str
    words: tuple[str, ...]
    shown: str
    index: int


@dataclass(slots=True)
class Track:
    """What is remembered of one agent session."""

    sequence: int = 0
    """Place in the stream up to which the session is learnt."""
    index: int = 0
    steps: list[Step] = field(default_factory=list[Step])
    groups: dict[str, GroupRuns] = field(default_factory=dict[str, GroupRuns])
    windows: list[Window] = field(default_factory=list[Window])
    prompt_words: tuple[str, ...] = ()
    prompted: bool = False
    """Whether the user spoke since the last call."""
    intent: int = 0
    returned: dict[str, int] = field(default_factory=dict[str, int])
    """Calls that came back last, by their ids, with their places in the stream."""
    returned_before: int = 0
    """Place in the stream up to which calls have dropped out of these."""
    reads: dict[str, int] = field(default_factory=dict[str, int])
    edits: dict[str, int] = field(default_factory=dict[str, int])
    touched: dict[str, int] = field(default_factory=dict[str, int])
    failures: dict[str, int] = field(default_factory=dict[str, int])
    """Calls that failed, by what exactly they were, and when."""
    open: list[OpenFailure] = field(default_factory=list[OpenFailure])
    simulated: dict[str, list[list[float]]] = field(default_factory=dict[str, list[list[float]]])
    """For each group, at which call and when each threshold of the noise curve would have spoken of it last."""
    lately: list[list[str]] = field(default_factory=list[list[str]])
    """The words of the calls that worked last, newest last."""
    expected_next: tuple[str, ...] = ()
    """Groups that were expected to be called next, likeliest first."""
    expected_at: int = -1
    """Number of the call for which they were expected."""

    @property
    def last(self) -> Step | None:
        """The last call that came back."""
        return self.steps[-1] if self.steps else None

    def failed_at(self, group: str) -> datetime | None:
        """When a group failed last in the session, as far as that is remembered."""
        found = (step.seconds for step in reversed(self.steps) if step.failed and step.group == group)
        seconds = next(found, None)
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None

    def previous(self, back: int) -> str:
        """The group of an earlier call, 1 being the last; "^" before the first."""
        return self.steps[-back].group if len(self.steps) >= back else "^"


def remember(kept: dict[str, int], key: str, value: int) -> None:
    """Keeps the newest values."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > TARGETS_AT_MOST:
        del kept[next(iter(kept))]
