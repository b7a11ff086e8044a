"""The words of calls, and which of them are rare among calls of their class."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from host.recordings.measures.model import Call, CallClass

RARE_SHARE = 0.02
"""A word is rare for a class when at most so many of its calls hold it (definition of the measures)."""

_WORD = re.compile(r"\w{2,}")


def words(text: str) -> set[str]:
    """The words of two letters, digits or underscores and more, in lower case."""
    return set(_WORD.findall(text.lower()))


class Rarity:
    """How many calls of each class hold a word. Memory: one count for each word of a class."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self._calls: Counter[CallClass] = Counter()
        self._holding: defaultdict[CallClass, Counter[str]] = defaultdict(Counter)
        for call in calls:
            self.add(call)

    def add(self, call: Call) -> None:
        """Counts a call."""
        self._calls[call.call_class] += 1
        self._holding[call.call_class].update(words(call.input))

    def rare(self, of: CallClass, word: str) -> bool:
        """Whether at most 2 % of the calls of a class hold the word; so is one that none holds."""
        return self._holding[of][word] <= RARE_SHARE * self._calls[of]
