"""Reads a document of mappings and lists by the names that it may hold: whatever else stands in it is an error that
says where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar, cast

SPAN = re.compile(r"(?P<count>[1-9][0-9]*)(?P<unit>[smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Item = TypeVar("Item")


class BadDocument(ValueError):
    """What was read is not what it must be; the message says where, and what would do."""


class Part:
    """One mapping of the document. `place` is its path in it, for messages."""

    def __init__(self, place: str, content: object) -> None:
        """Takes the mapping.

        Raises:
            BadDocument: when it is none, or its keys are no words.
        """
        if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in cast(Iterable[object], content)):
            raise BadDocument(f"{place}: expected a mapping of words")
        self.place = place
        self._content = cast(Mapping[str, object], content)

    def __contains__(self, key: str) -> bool:
        return key in self._content

    @property
    def keys(self) -> list[str]:
        """The names in it, in their order."""
        return list(self._content)

    def only(self, *known: str) -> Part:
        """Itself, where it holds no other names than these.

        Raises:
            BadDocument: naming those that it may not hold.
        """
        unknown = [key for key in self._content if key not in known]
        if unknown:
            raise BadDocument(f"{self.place}: unknown {', '.join(unknown)}; there can be: {', '.join(known)}")
        return self

    def one_of(self, *choices: str) -> str:
        """The one of these names that is in it.

        Raises:
            BadDocument: when none is, or several are.
        """
        found = [choice for choice in choices if choice in self._content]
        if len(found) != 1:
            raise BadDocument(f"{self.place}: expected one of {', '.join(choices)}, found {len(found)}")
        return found[0]

    def part(self, key: str) -> Part:
        """The mapping under a name."""
        return Part(self.at(key), self._content.get(key))

    def parts(self, key: str) -> list[Part]:
        """The list of mappings under a name."""
        value = self._content.get(key)
        if not isinstance(value, list):
            raise BadDocument(f"{self.at(key)}: expected a list")
        return [Part(f"{self.at(key)}[{place}]", each) for place, each in enumerate(cast(list[object], value))]

    def text(self, key: str, allowed: re.Pattern[str] | None = None) -> str:
        """The text under a name; never empty."""
        value = self._content.get(key)
        if not isinstance(value, str) or not value.strip():
            raise BadDocument(f"{self.at(key)}: expected text, not {value!r}")
        if allowed is not None and not allowed.fullmatch(value):
            raise BadDocument(f"{self.at(key)}: {value!r} does not fit {allowed.pattern}")
        return value

    def choice(self, key: str, *choices: str) -> str:
        """One of a few words."""
        value = self.text(key)
        if value not in choices:
            raise BadDocument(f"{self.at(key)}: {value!r} is none of {', '.join(choices)}")
        return value

    def number(self, key: str, low: float, high: float) -> float:
        """A number within bounds."""
        value = self._content.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise BadDocument(f"{self.at(key)}: expected a number from {low:g} to {high:g}, not {value!r}")
        return float(value)

    def span(self, key: str) -> timedelta:
        """A length of time: 15s, 5m, 6h or 3d."""
        found = SPAN.fullmatch(self.text(key))
        if found is None:
            raise BadDocument(f"{self.at(key)}: {self._content[key]!r} is no time like 15s, 5m, 6h or 3d")
        return timedelta(**{UNITS[found["unit"]]: int(found["count"])})

    def texts(self, key: str) -> tuple[str, ...]:
        """One text, or a list of them."""
        value = self._content.get(key)
        listed = cast(Sequence[object], value) if isinstance(value, list) else [value]
        if not listed or not all(isinstance(each, str) and each for each in listed):
            raise BadDocument(f"{self.at(key)}: expected a text or a list of texts, not {value!r}")
        return tuple(cast(Sequence[str], listed))

    def is_part(self, key: str) -> bool:
        """Whether a mapping stands under a name."""
        return isinstance(self._content.get(key), Mapping)

    def each(self, read: Callable[[str, Part], Item]) -> dict[str, Item]:
        """All mappings in it, read by their names."""
        return {key: read(key, self.part(key)) for key in self._content}

    def at(self, key: str) -> str:
        """Where a name in it is."""
        return f"{self.place}.{key}"
