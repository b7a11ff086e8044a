"""Words that were found for the same facts a moment ago. Pure but for the clock that it is given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class WordCache(Generic[Key, Value]):
    """Keeps the last so many entries for so long."""

    def __init__(self, seconds: float, entries: int, now: Callable[[], float]) -> None:
        """`now` gives seconds of a clock that never goes back."""
        self._seconds = seconds
        self._entries = entries
        self._now = now
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """What is kept under a key and not too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        until, value = found
        if self._now() >= until:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Keeps a value; the one that was longest unused goes when there are too many."""
        self._kept[key] = (self._now() + self._seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)
