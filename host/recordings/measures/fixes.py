"""`fixed`: whether the advice at a failure holds what the fix needed.

Over the pairs that had an earlier pair of the same class, and whose fix added a word that is rare for the class of the
call: a fix that is the same call again, or adds what every such call holds, tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from host.recordings.measures.model import Call, Channel, FailureKey, Item, Pair
from host.recordings.measures.words import Rarity, words

FIX_WITHIN = 15
"""Calls after a failure in which a success counts as its fix (definition of the measures)."""


@dataclass(frozen=True, slots=True)
class Fixable:
    """A pair that can be judged."""

    pair: Pair
    needed: frozenset[str]
    """Rare words that the fix added."""
    earlier: tuple[Pair, ...]
    """Pairs of the class whose fix had been seen when this failed."""


def pairs_of(sessions: Mapping[str, Sequence[Call]]) -> list[Pair]:
    """Each failure with the first success of the same tool on the same thing within 15 calls of the session."""
    found: list[Pair] = []
    for calls in sessions.values():
        for call in calls:
            if call.failed:
                following = calls[call.index + 1 : call.index + 1 + FIX_WITHIN]
                fix = next((each for each in following if each.worked and is_same_thing(call, each)), None)
                if fix is not None:
                    found.append(Pair(call, fix))
    return found


def is_same_thing(call: Call, other: Call) -> bool:
    """Whether two calls are of one tool on one subject."""
    return call.recorded.tool == other.recorded.tool and call.subject == other.subject


def fixable(pairs: Iterable[Pair], rarity: Rarity) -> list[Fixable]:
    """The pairs that can be judged, by the time of their failure."""
    seen: defaultdict[tuple[str, FailureKey], list[Pair]] = defaultdict(list)
    found: list[Fixable] = []
    for pair in sorted(pairs, key=lambda each: each.failure.order):
        known = seen[pair.failure.project, pair.failure.recorded]
        earlier = tuple(each for each in known if each.fix.order < pair.failure.order)
        added = words(pair.fix.input) - words(pair.failure.input)
        needed = frozenset(word for word in added if rarity.rare(pair.failure.call_class, word))
        if earlier and needed:
            found.append(Fixable(pair, needed, earlier))
        known.append(pair)
    return found


def texts_for(pair: Pair, items: Iterable[Item]) -> list[str]:
    """What the agent read in the session with the failure or after it, and before the fix."""
    return [item.text for item in items if pair.failure.index < first_after(item) <= pair.fix.index]


def first_after(item: Item) -> int:
    """The first call that the agent makes with the text before it: what comes with a call is read with its result."""
    return item.position + (item.channel in (Channel.BEFORE_CALL, Channel.REFUSAL))


def holds_needed(case: Fixable, texts: Iterable[str]) -> bool:
    """Whether one of the texts holds a word that the fix needed."""
    return any(case.needed & words(text) for text in texts)
