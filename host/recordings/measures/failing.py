"""`failure prediction`: how well what was known before a call tells those that fail from those that do not.

The area under the ROC curve: how likely a failing call was given a higher probability than one that did not fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import groupby

from host.recordings.measures.model import Call

SMOOTHING = 5.0
"""Calls that the rate of all calls weighs for a key; with 5 the baselines come out as published for recorded runs."""
FIRST_CALLS = 20.0
"""One failure in so many calls is assumed before any was seen: recorded agents fail in 3 to 8 % of them."""

Key = Callable[[Call], Hashable]


def area(scores: Sequence[float], outcomes: Sequence[bool]) -> float | None:
    """The area under the ROC curve, ties by their middle rank (Mann and Whitney 1947); None where a class is empty."""
    positives = sum(outcomes)
    negatives = len(outcomes) - positives
    if not positives or not negatives:
        return None
    ranks = 0.0
    before = 0
    ordered = sorted(zip(scores, outcomes, strict=True), key=lambda pair: pair[0])
    for _, tied in groupby(ordered, key=lambda pair: pair[0]):
        group = [outcome for _, outcome in tied]
        ranks += sum(group) * (before + (len(group) + 1) / 2)
        before += len(group)
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def rates(calls: Iterable[Call], key: Key) -> list[float]:
    """Before each call, the rate at which calls of its key had failed in its project, smoothed by that of all calls."""
    failed: Counter[Hashable] = Counter()
    made: Counter[Hashable] = Counter()
    found: list[float] = []
    for call in calls:
        every, one = call.project, (call.project, key(call))
        prior = (failed[every] + 1) / (made[every] + FIRST_CALLS)
        found.append((failed[one] + SMOOTHING * prior) / (made[one] + SMOOTHING))
        for place in (every, one):
            failed[place] += call.failed
            made[place] += 1
    return found


def by_target_class(call: Call) -> Hashable:
    """The class of a call."""
    return call.call_class


def by_full_target(call: Call) -> Hashable:
    """A call's subject as recorded."""
    return call.recorded.tool, call.subject
