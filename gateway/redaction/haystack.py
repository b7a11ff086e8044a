"""A text prepared once for the many cheap searches that decide which detectors need to run at all."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

_RUN_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_TO_RUNS = bytes(ord("x") if byte in _RUN_CHARACTERS else ord(" ") for byte in range(256))
SHORTEST_RUN = 20
"""Characters. The shortest tokens that providers issue (an AWS access key id, a JWT header) have 20."""


class Haystack(NamedTuple):
    """A text, and one byte for each of its characters, so that a place in the bytes is a place in the text."""

    text: str
    lower: bytes
    """ASCII letters lowered, characters beyond Latin-1 as `?`."""
    runs: bytes
    """`x` for each of `[A-Za-z0-9_-]`, a space for everything else."""

    @classmethod
    def of(cls, text: str) -> "Haystack":
        """Prepares a text; any text, lone surrogates and NUL included."""
        single_bytes = text.encode("latin-1", "replace")
        return cls(text, single_bytes.lower(), single_bytes.translate(_TO_RUNS))

    def places(self, needle: bytes) -> Iterable[int]:
        """Where a lower-case needle stands, in order."""
        # Most needles are absent, and a generator that yields nothing costs four times this test.
        return self._places(needle) if needle in self.lower else ()

    def _places(self, needle: bytes) -> Iterator[int]:
        find = self.lower.find
        place = find(needle)
        while place >= 0:
            yield place
            place = find(needle, place + len(needle))

    def long_runs(self) -> Iterator[tuple[int, int]]:
        """Start and end of each unbroken run of at least `SHORTEST_RUN` characters of `[A-Za-z0-9_-]`, in order."""
        find = self.runs.find
        shortest = b"x" * SHORTEST_RUN
        start = find(shortest)
        while start >= 0:
            end = find(b" ", start + SHORTEST_RUN)
            if end < 0:
                end = len(self.runs)
            yield start, end
            start = find(shortest, end)
