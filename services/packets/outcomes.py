"""What became of a piece of advice: follows the calls after it until one of them decides. Pure.

An outcome counts for advice only through the call that it was given for, or through one of the next calls, and only
with evidence: the failure that it names came to pass, or the call that it suggests was made. That some later call
worked is no such evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from spark.packets.v1 import advice_pb2

State = advice_pb2.AdviceState.ValueType

OPEN = advice_pb2.ADVICE_STATE_OPEN
FOLLOWED_WORKED = advice_pb2.ADVICE_STATE_FOLLOWED_WORKED
FOLLOWED_FAILED = advice_pb2.ADVICE_STATE_FOLLOWED_FAILED
IGNORED_FAILED = advice_pb2.ADVICE_STATE_IGNORED_FAILED
IGNORED_FINE = advice_pb2.ADVICE_STATE_IGNORED_FINE
REJECTED = advice_pb2.ADVICE_STATE_REJECTED
UNKNOWN = advice_pb2.ADVICE_STATE_UNKNOWN

WINDOW = 5
"""Calls after advice that may decide: half of all fixes come within 3 calls of their failure, and what is neither borne
out nor used within 5 counts as noise."""

CALLS_KEPT = 8
"""Calls of a session remembered for advice that is heard of late: the window, the call before it, and two in flight."""

SHARED_BY_EDITS = 2
"""Words that a call without a program must share with what was suggested: one is in half of all edits."""

CODE_FAMILIES = frozenset({"test", "build", "lint"})
"""Failures of the code under work: another signature is another failure, though the command is the same, and a
suggested test run that finds the code wrong did what it was suggested for."""

TO_BLAME = 1.0
"""Following led to the very failure that the advice names."""
PARTLY_TO_BLAME = 0.5
"""Following led to another failure, or the user refused it: the call may have been right and the moment wrong."""


class End(Enum):
    """How a call came back."""

    WORKED = "worked"
    UNCLEAR = "unclear"
    """Nobody can say: it went on in the background, was interrupted, or another command decided."""
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that came back."""

    call_id: str
    """The client's id, else the event's."""
    at: datetime
    began: datetime
    tool: str
    target: str
    target_class: str
    program: str
    directory: str
    end: End
    failure_class: str = ""
    told: tuple[str, ...] = ()
    """Words of its command, of what an edit put in place, and of what the agent said that it is for."""

    @property
    def words(self) -> frozenset[str]:
        """What it is worded with: the words of its target, all else that is told of it, and the folder it ran in."""
        return frozenset((*self.target.split(), *self.told, self.directory))


@dataclass(frozen=True, slots=True)
class Named:
    """A class of failures that advice names; an empty class of failure stands for any."""

    tool: str
    target_class: str
    failure_class: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """A call that advice suggests. `words` are those that such a call holds and the failed one did not."""

    tool: str
    target: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Following:
    """Advice given to one agent session, and how far it has been followed."""

    given_at: datetime
    given_for: str
    """The call before which it was given; empty on a prompt and after a call."""
    names: tuple[Named, ...] = ()
    suggests: tuple[Suggested, ...] = ()
    seen: tuple[str, ...] = ()
    """Calls that were looked at, and the one that was already back when it was given: none counts twice."""
    passed: int = 0
    """Calls of the window that came back."""
    state: State = OPEN
    blame: float = 0.0
    """Of a bad end, how far following is to blame for it, 0 to 1."""
    decided_by: str = ""


def follow(advice: Following, calls: Iterable[Call]) -> Following:
    """The advice after calls of its session; calls that it has seen, or that came back before it, change nothing."""
    for call in sorted(calls, key=lambda each: (each.at, each.call_id)):
        advice = after(advice, call)
    return advice


def after(advice: Following, call: Call) -> Following:
    """The advice after one call."""
    if advice.state != OPEN or call.call_id in advice.seen or call.at < advice.given_at:
        return advice
    own = call.call_id == advice.given_for
    if not own and call.began < advice.given_at:
        # Under way when the advice was given: it can neither have followed nor ignored it.
        return advice
    state, blame = of_own(advice, call) if own else of_later(advice, call)
    passed = advice.passed + (not own)
    looked_at = replace(advice, seen=(*advice.seen, call.call_id), passed=passed)
    if state != OPEN:
        return replace(looked_at, state=state, blame=blame, decided_by=call.call_id)
    return replace(looked_at, state=IGNORED_FINE) if passed >= WINDOW else looked_at


def of_own(advice: Following, call: Call) -> tuple[State, float]:
    """What the call says before which advice was given. It was made before the advice could be read: it follows none,
    and that the user refuses it is not the advice's doing."""
    if names(advice, call):
        return IGNORED_FAILED, 0.0
    return (REJECTED, 0.0) if call.end is End.REFUSED else (OPEN, 0.0)


def of_later(advice: Following, call: Call) -> tuple[State, float]:
    """What a call says that could follow the advice."""
    named = names(advice, call)
    if not any(suggests(each, call) for each in advice.suggests):
        return (IGNORED_FAILED, 0.0) if named else (OPEN, 0.0)
    match call.end:
        case End.WORKED:
            return FOLLOWED_WORKED, 0.0
        case End.UNCLEAR:
            return OPEN, 0.0
        case End.REFUSED:
            return REJECTED, PARTLY_TO_BLAME
        case End.FAILED:
            if of_code(call.failure_class):
                return OPEN, 0.0
            return FOLLOWED_FAILED, TO_BLAME if named else PARTLY_TO_BLAME


def names(advice: Following, call: Call) -> bool:
    """Whether a call came back with a failure that advice names."""
    if call.end not in {End.FAILED, End.REFUSED}:
        return False
    return any(
        (each.tool, each.target_class) == (call.tool, call.target_class)
        and (each.failure_class == call.failure_class or (not each.failure_class and call.end is End.FAILED))
        for each in advice.names
    )


def suggests(suggestion: Suggested, call: Call) -> bool:
    """Whether a call is one that was suggested: on the same target, or the same program with a word suggested.

    Words that the target itself does not hold (the folder to run in) must be there even on the same target.
    """
    if call.tool != suggestion.tool:
        return False
    shared = len(suggestion.words & call.words)
    holds = shared >= (1 if call.program else SHARED_BY_EDITS)
    if suggestion.target and call.target == suggestion.target:
        return shared > 0 or not suggestion.words
    alike = not suggestion.target or not call.program or call.program in suggestion.target.split()
    return holds and alike


def of_code(failure_class: str) -> bool:
    """Whether a failure is one of the code under work."""
    return failure_class.partition(".")[0] in CODE_FAMILIES and failure_class != "test.none_found"
