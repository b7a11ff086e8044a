"""How likely a group of calls fails within the next five calls of a session. Pure.

A logistic model of few features, each something a person would name: how often this group was called and failed after
such a call, how often it fails at all in the session and in the project, how long ago it was called, whether its last
run failed, and how long ago the project last saw it fail. Weights are fitted on two recordings of different agents
together; trained on either alone they lose one to three points of AUC on the other, so they are fixed, and what a
project is like comes from its counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from services.prefetch.model import GroupRuns, Track
from services.prefetch.tallies import Tallies, logit, sigmoid, smoothed

BACKED_OFF = 8.0
"""Sightings' worth of the more general rate in each rate."""
RARELY_FAILS = 20.0
"""Calls that a group is taken to have made well before anything is known."""
SESSION_WEIGHT = 3.0
LONG_AGO = 3000.0
"""Calls of the project after which an old failure says no less."""

AGO_LIMITS = (0, 2, 5, 12, 98)
EARLY_CALLS = 8

LEAST = 0.03
"""Nothing less likely is ever said: the lowest threshold of the noise curve."""
UNSEEN = "?"
"""Stands for any group that no context names."""
RATE_STEPS = 50
"""Rates are told apart in so many steps, rounded up."""
TINY = 1e-4

WEIGHTS: dict[str, float] = {
    "always": -1.5,
    "fails after": 0.28,
    "called after": 0.1,
    "session rate": 0.3,
    "age": -2.2,
    "last failed": 0.65,
    "early": 0.2,
    "ago 0": 0.15,
    "ago 1": 0.2,
    "ago 2": 0.15,
    "ago 3": -0.1,
    "ago 4": -0.45,
    "ago 5": -0.7,
}


@dataclass(slots=True)
class GroupHistory:
    """What the project knows of a group of calls that has failed."""

    runs: float = 0.0
    failures: float = 0.0
    failed_at: float = 0.0
    """Number of the project's call at its last failure."""
    classes: dict[str, float] = field(default_factory=dict[str, float])
    """Decayed counts of its classes of failure."""
    signature: str = ""
    """The salient words of its last failure."""
    signature_session: str = ""
    """Where that was."""
    fix: str = ""
    """The call that worked after the last failure that was fixed."""
    fix_session: str = ""
    """Where that was."""
    fix_target: str = ""
    """Its target, where it was a command."""
    fix_words: tuple[str, ...] = ()
    """What it had and the failed one had not."""

    @property
    def works(self) -> bool:
        """Whether something of the group is known to work, so that a remedy can be told at a failure."""
        return self.runs > self.failures

    def forget(self, session_id: str) -> bool:
        """Drops the words of a session; False where there were none. Counts stay."""
        said, fixed = self.signature_session == session_id, self.fix_session == session_id
        if said:
            self.signature = self.signature_session = ""
        if fixed:
            self.fix = self.fix_session = self.fix_target = ""
            self.fix_words = ()
        return said or fixed


def contexts_of(last: str, before: str) -> tuple[str, str, str]:
    """The contexts in which later failures are counted: any, the last call with its result, and the one before too."""
    return "r", f"r1|{last}", f"r2|{last}|{before}"


def here(track: Track) -> tuple[str, str, str]:
    """The contexts of a session as it stands."""
    last = track.last
    return contexts_of(outcome_of(last.group, failed=last.failed) if last else "^", track.previous(2))


def outcome_of(group: str, *, failed: bool) -> str:
    """A call with its result, as part of a context."""
    return f"{group}|{'-' if failed else '+'}"


def failing(group: str) -> str:
    """The event that a group fails within reach."""
    return f"f|{group}"


def called(group: str) -> str:
    """The event that a group is called within reach."""
    return f"c|{group}"


def rate_after(tallies: Tallies, contexts: Sequence[str], event: str, start: float) -> float:
    """Rate of an event within reach of a context, backed off from the longest to any."""
    anywhere = tallies.get(contexts[0])
    seen = anywhere.total if anywhere is not None else 0.0
    rate = ((anywhere.count(event) if anywhere is not None else 0.0) + 0.5) / (seen + start)
    for context in contexts[1:]:
        rate = smoothed(tallies.get(context), event, rate, BACKED_OFF)
    return rate


def forecast(
    track: Track,
    groups: Mapping[str, GroupHistory],
    tallies: Tallies,
    project_calls: float,
    *,
    coming: str | None = None,
) -> list[tuple[str, float]]:
    """Groups that may fail within the next five calls, each with its probability, likeliest first.

    Of many hundred groups most were neither called in the session nor ever seen near such a place. How likely such a
    one is depends on its rate alone; those that cannot reach `LEAST` are left out, which costs a hundredth of weighing
    each.

    `coming` asks what will hold once a call of that group has come back well.
    """
    contexts = here(track)
    if coming is not None:
        contexts = contexts_of(outcome_of(coming, failed=False), track.previous(1))
    index = track.index - (coming is None)

    def log_odds(group: str, history: GroupHistory) -> float:
        found = features(group, history, track, index, tallies, contexts, project_calls, coming)
        return sum(WEIGHTS[name] * value for name, value in found.items())

    named = {coming, *track.groups, *named_in(tallies, contexts)}
    at_most: dict[int, float] = {}
    found: list[tuple[str, float]] = []
    for group, history in groups.items():
        if group not in named:
            step = ceil(RATE_STEPS * rate_of(history))
            if step not in at_most:
                at_most[step] = sigmoid(log_odds(UNSEEN, failing_at(step / RATE_STEPS, project_calls)))
            if at_most[step] < LEAST:
                continue
        found.append((group, sigmoid(log_odds(group, history))))
    return sorted(found, key=lambda item: (-item[1], item[0]))


def named_in(tallies: Tallies, contexts: Sequence[str]) -> set[str]:
    """Groups that were called or failed within reach of a context."""
    return {event[2:] for context in contexts if context in tallies for event in tallies[context].events}


def failing_at(rate: float, project_calls: float) -> GroupHistory:
    """The history of a group that fails at a rate, and failed just now."""
    return GroupHistory(runs=1.0 / TINY - RARELY_FAILS, failures=rate / TINY - 1.0, failed_at=project_calls)


def rate_of(history: GroupHistory) -> float:
    """Share of a group's calls that fail in the project, few calls counting little."""
    return (history.failures + 1.0) / (history.runs + RARELY_FAILS)


def features(
    group: str,
    history: GroupHistory,
    track: Track,
    index: int,
    tallies: Tallies,
    contexts: Sequence[str],
    project_calls: float,
    coming: str | None,
) -> dict[str, float]:
    """What speaks for and against a failure of a group."""
    own = track.groups.get(group, NEVER)
    runs, last = (own.runs + 1, index) if coming == group else (own.runs, own.last)
    rate = rate_of(history)
    age = min(max(project_calls - history.failed_at, 0.0), LONG_AGO) / LONG_AGO
    return {
        "always": 1.0,
        "fails after": logit(rate_after(tallies, contexts, failing(group), 100.0)),
        "called after": logit(rate_after(tallies, contexts, called(group), 50.0)),
        "session rate": logit((own.failures + SESSION_WEIGHT * rate) / (runs + SESSION_WEIGHT)),
        "age": age,
        "last failed": float(runs > 0 and own.failed == last),
        "early": float(index < EARLY_CALLS),
        f"ago {ago_class(index - last if runs else 99)}": 1.0,
    }


def ago_class(ago: int) -> int:
    """How long ago a group was called, as one of six classes."""
    return next((number for number, limit in enumerate(AGO_LIMITS) if ago <= limit), len(AGO_LIMITS))


NEVER = GroupRuns(last=-99, failed=-1)
