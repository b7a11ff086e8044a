"""What is judged: the calls of recorded sessions, what was delivered between them, and what was predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

HORIZON = 5
"""Calls within which a warning must come true and a suggestion be followed (definition of the measures)."""


class CallClass(NamedTuple):
    """What a call shares with its like."""

    tool: str
    target_class: str
    """Of a shell the program with its sub-command, of a path its extension, else nothing."""


class FailureKey(NamedTuple):
    """A class of failures. An empty failure class stands for any."""

    tool: str
    target_class: str
    failure_class: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was expected of the next call before it was known."""

    failure: float | None = None
    """Probability that it fails, 0 to 1; asked once the call is known but not its outcome."""
    following: tuple[CallClass, ...] | None = None
    """Its class, the likeliest first; asked before the call is known."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was recorded, and as the gateway perceives it."""

    project: str
    session: str
    index: int
    """Place in its session, from 0 without gaps."""
    order: int
    """Place among all calls by time, from 0."""
    target: str
    """What exactly it works on, as perceived."""
    subject: str
    """By which a fix is known as one of the same thing: of a shell the program and sub-command, else the target."""
    perceived: FailureKey
    """In the gateway's words; without a failure class where it did not fail."""
    recorded: FailureKey
    """In the recording's own words, where it has any."""
    failed: bool
    """Came back with an error of its own: neither refused, nor stopped, nor cancelled with another."""
    worked: bool
    input: str
    """All its words."""
    refused: bool = False
    """By the user."""
    error: str = ""
    """What a failing call printed, as far as it was recorded."""
    prediction: Prediction | None = None

    @property
    def call_class(self) -> CallClass:
        """Its class in the recording's words."""
        return CallClass(self.recorded.tool, self.recorded.target_class)

    @property
    def perceived_class(self) -> CallClass:
        """Its class in the gateway's words."""
        return CallClass(self.perceived.tool, self.perceived.target_class)


class Channel(Enum):
    """How a piece of advice reached the agent."""

    PROMPT = "prompt"
    RESULT = "result"
    FAILURE = "failure"
    BEFORE_CALL = "before-call"
    """With the call, so that it arrives together with the call's result."""
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Suggested:
    """A call that advice suggests."""

    tool: str
    target: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of advice that was delivered."""

    session: str
    position: int
    """The first call that it can bear on: the next one of the session, or the very call it came with."""
    channel: Channel
    text: str
    names: tuple[FailureKey, ...] = ()
    suggests: tuple[Suggested, ...] = ()
    route: str = ""
    source: str = ""
    """Where it came from: a lesson, a forecast, what worked at failures of the like."""
    probability: float = 0.0
    """Of one of the failures named within the next five calls; 0 where it was not estimated."""
    about: int | None = None
    """The call at which it was given: what that call already did is no use of a suggestion."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A failure and the success that followed on the same thing."""

    failure: Call
    fix: Call


@dataclass(frozen=True, slots=True)
class DecidedMoment:
    """A moment at which a decision was made, or should have been."""

    channel: Channel
    route: str
    """`none` where there is no decision."""
    pieces: int
    """Pieces found, said or held back."""
    said: int
    answered: bool
    """Something was said, or there is a reason why not."""
    first_of_session: bool
    """Before the first call of a session."""
    lesson_in_history: bool
    """The recording itself shows that the like had failed in the project before."""
    milliseconds: float
    decided: bool = True
    """There is a decision; without one nothing is known but that the moment came."""


@dataclass(frozen=True)
class Judged:
    """All that a replay showed, ready to be measured."""

    calls: Sequence[Call]
    """By time."""
    items: Sequence[Item]
    pairs: Sequence[Pair]
    moments: Sequence[DecidedMoment]
    prompts: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    """By session: the calls before which a prompt was typed."""

    def sessions(self) -> Mapping[str, Sequence[Call]]:
        """The calls of each session in their order."""
        return by_session(self.calls)


Wording = Callable[[Call], FailureKey]
"""In whose words failures are compared: the gateway's or the recording's."""


def perceived(call: Call) -> FailureKey:
    """The gateway's words."""
    return call.perceived


def recorded(call: Call) -> FailureKey:
    """The recording's words."""
    return call.recorded


def by_session(calls: Iterable[Call]) -> dict[str, list[Call]]:
    """Calls of each session in their order."""
    found: dict[str, list[Call]] = {}
    for call in calls:
        found.setdefault(call.session, []).append(call)
    return found
