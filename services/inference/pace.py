"""How long a request would have to wait, from how long those before it took. Pure."""

from __future__ import annotations

WEIGHT = 0.2
"""Of the newest generation in the running mean: the last ten count for nine tenths."""


class Pace:
    """A running mean of the time of a generation, seconds."""

    def __init__(self) -> None:
        self.mean = 0.0
        """0 until one has ended: nothing is refused on a guess."""

    def took(self, seconds: float) -> None:
        """A generation ended."""
        self.mean = seconds if self.mean == 0.0 else self.mean + WEIGHT * (seconds - self.mean)

    def expected_wait(self, ahead: int, concurrency: int) -> float:
        """Seconds until one that has so many waiting ahead of it begins, while all lanes are taken.

        One of the lanes falls free each mean / concurrency seconds; the first after half of that, by its own mean.
        """
        return self.mean * (ahead + 0.5) / concurrency
