"""What memory works with: calls as they came back, and lessons as they stand. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

SHELLS = frozenset({"Bash"})
EDITS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})


class Outcome(Enum):
    """How a call came back."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"


class Kind(Enum):
    """What sort of lesson."""

    FAILURE_FIX = "failure_fix"
    REPEATED_FAILURE = "repeated_failure"
    USER_REJECTION = "user_rejection"
    PROJECT_FACT = "project_fact"


class FixKind(Enum):
    """What was different when it worked."""

    CHANGED_ARGUMENTS = "changed_arguments"
    OTHER_COMMAND = "other_command"
    READ_FIRST = "read_first"
    STEP_BEFORE = "step_before"
    OTHER_DIRECTORY = "other_directory"
    OTHER_PATH = "other_path"


class State(Enum):
    """Whether a lesson may be used."""

    SEEN = "seen"
    """Counted, but not yet enough to say."""
    ACTIVE = "active"
    RETIRED = "retired"
    FORGOTTEN = "forgotten"


class Purpose(Enum):
    """What a command is for, where its name says so."""

    NONE = ""
    TEST = "test"
    BUILD = "build"
    LINT = "lint"
    FORMAT = "format"
    INSTALL = "install"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened."""

    workspace_id: str
    project_id: str
    session_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call, reduced to what it works on."""

    tool_use_id: str
    tool: str
    target: str
    target_class: str = ""
    program: str = ""
    purpose: Purpose = Purpose.NONE
    directory: str = ""
    tokens: tuple[str, ...] = ()
    command: str = ""
    digest: str = ""
    conclusive: bool = True
    """Whether a success says that the target worked: not in the background, nor where another command decided."""

    @property
    def named(self) -> bool:
        """Whether the target says what the call works on; of some tools nothing but their name is known."""
        return self.target not in {"", self.tool}

    @property
    def shown(self) -> str:
        """What a person calls it: its command or target, else the tool."""
        return self.target or self.command or self.tool

    @property
    def known_as(self) -> str:
        """The call among those that came before: its tool and target, bounded; empty where no target tells it."""
        return f"{self.tool} {self.target}"[:300] if self.named else ""

    @property
    def like(self) -> str:
        """Commands like this one: the tool, the program and its sub-command; empty where it runs none."""
        return f"{self.tool} {self.target_class}"[:300] if self.program and self.target_class else ""


@dataclass(frozen=True, slots=True)
class Event:
    """A moment that memory learns from: a prompt's words, or a call that came back."""

    event_id: str
    place: Place
    at: datetime
    prompt_tokens: tuple[str, ...] = ()
    call: Call | None = None
    outcome: Outcome | None = None
    failure_class: str = ""
    signature: str = ""
    mistake: bool = False
    user_reason: str = ""
    live: bool = False
    """Whether it came from a hook as it happened."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a session, by the client's clock."""

    session_id: str
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Fix:
    """What made it work."""

    kind: FixKind
    worked: str
    steps: tuple[str, ...] = ()
    sessions: tuple[str, ...] = field(default=(), compare=False)
    """Where it was seen, newest last: when all of them are forgotten, so are its words."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Words that a session left in a lesson, and which session: forgotten together."""

    text: str
    session: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """From where and how often; the newest ids stand last."""

    sessions: tuple[str, ...]
    calls: tuple[str, ...]
    occurrences: int
    fixes: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing learnt about one project."""

    lesson_id: str
    workspace_id: str
    project_id: str
    kind: Kind
    state: State
    call: Call
    provenance: Provenance
    call_sessions: tuple[str, ...] = ()
    """Sessions that made this very call with this very outcome, newest last."""
    failure_class: str = ""
    signature: str = ""
    in_a_row: int = 0
    """Failures or refusals since the same thing last worked."""
    fix: Fix | None = None
    contradicted: int = 0
    """How often the fix failed since it last worked."""
    rival: Fix | None = None
    """The other fix seen last, and `rival_seen` how often in a row."""
    rival_seen: int = 0
    tried: tuple[Trace, ...] = ()
    """Calls that failed in the same way, newest last."""
    user_reason: str = ""
    prompt_tokens: tuple[Trace, ...] = ()
    antecedents: tuple[Trace, ...] = ()
    text: str = ""
    confidence: float = 0.0
    retired_reason: str = ""
    revision: int = 0
    announced: int = 0
    """Occurrences at the last announcement; 0 when never announced."""
    announced_at: datetime | None = None
    """When it had last been seen by then."""
    failed_calls: tuple[str, ...] = ()
    """Identities of calls that failed in this way, newest last."""
    own_words: str = ""
    """A user's, which stand in place of those composed; empty where there are none."""
    retired_by_user: bool = False


@dataclass(frozen=True, slots=True)
class OpenFailure:
    """A failure in a session for which no fix has been seen yet."""

    lesson_id: str
    call: Call
    failure_class: str
    signature: str
    at: datetime
    index: int
    """How many calls the session had made by then."""
    steps: tuple[Call, ...] = ()
    """Calls that worked since, oldest first."""


RECENT_AT_MOST = 16
RETURNED_AT_MOST = 64


@dataclass(frozen=True, slots=True)
class SessionState:
    """What memory carries from one batch of a session to the next."""

    index: int = 0
    prompt_tokens: tuple[str, ...] = ()
    previous: str = ""
    previous_like: str = ""
    recent: tuple[str, ...] = ()
    """Calls that came back well, newest last."""
    returned: tuple[str, ...] = ()
    """Ids of calls that came back, newest last: each comes back once."""
    open: tuple[OpenFailure, ...] = field(default=())

    def advanced(self, call: Call, *, well: bool) -> SessionState:
        """The state after one more call."""
        known = call.known_as
        return replace(
            self,
            index=self.index + 1,
            previous=known,
            previous_like=call.like,
            recent=(*self.recent, known)[-RECENT_AT_MOST:] if well and known else self.recent,
            returned=(*self.returned, call.tool_use_id)[-RETURNED_AT_MOST:] if call.tool_use_id else self.returned,
        )
