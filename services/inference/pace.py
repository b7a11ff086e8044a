"""When an answer is due, and how long a request would have to wait for it. Pure."""

from __future__ import annotations

WEIGHT = 0.2
"""Of the newest generation in the running mean: the last ten count for nine tenths."""

MARGIN_S = 0.25
MARGIN_SHARE = 0.1
"""An answer is due so long before its deadline, 0.25 s or a tenth of what is left: else nobody hears of it."""


def due(now: float, deadline: float) -> float:
    """When an answer must be there to be heard by its deadline; never later than that. Seconds of one clock."""
    return deadline - min(MARGIN_S, MARGIN_SHARE * max(0.0, deadline - now))


class Pace:
    """A running mean of the time of a generation, seconds: from it follows how long others wait."""

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
