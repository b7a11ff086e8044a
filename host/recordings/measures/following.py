"""`next call`: whether the class of the next call was among the three that were expected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from host.recordings.measures.model import Call, CallClass

EXPECTED = 3
"""How many may be named (definition of the measures)."""


def expected(calls: Iterable[Call], class_of: Callable[[Call], CallClass]) -> list[tuple[CallClass, ...]]:
    """Before each call, the three likeliest by a first-order Markov model of its project, past-only.

    What has not followed the session's last call yet is filled up with the project's most frequent classes.
    """
    after: defaultdict[tuple[str, CallClass | None], Counter[CallClass]] = defaultdict(Counter)
    every: defaultdict[str, Counter[CallClass]] = defaultdict(Counter)
    last: dict[str, CallClass] = {}
    found: list[tuple[CallClass, ...]] = []
    for call in calls:
        state = (call.project, last.get(call.session))
        guesses = [name for name, _ in after[state].most_common(EXPECTED)]
        if len(guesses) < EXPECTED:
            frequent = (name for name, _ in every[call.project].most_common(2 * EXPECTED) if name not in guesses)
            guesses.extend(frequent)
        found.append(tuple(guesses[:EXPECTED]))
        happened = class_of(call)
        after[state][happened] += 1
        every[call.project][happened] += 1
        last[call.session] = happened
    return found


def hits(
    calls: Iterable[Call], guesses: Iterable[tuple[CallClass, ...] | None], of: Callable[[Call], CallClass]
) -> int:
    """How many calls were among the first three guesses; none was made where there is None."""
    pairs = zip(calls, guesses, strict=True)
    return sum(of(call) in guess[:EXPECTED] for call, guess in pairs if guess is not None)
