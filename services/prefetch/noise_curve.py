"""How much noise forecasts would have made at each threshold, and so from which probability on they are said. Pure.

A threshold on probability means another amount of noise in every project, for failures are rarer in some. So each
project keeps, for a row of thresholds, what would have been said and what of it was not borne out, by the same rule by
which advice is judged, and the lowest threshold is taken that stays within the noise that is allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.prefetch.model import REACH, Window

THRESHOLDS: tuple[float, ...] = (
    0.03, 0.04, 0.05, 0.06, 0.07, 0.085, 0.1, 0.12, 0.14, 0.17, 0.2, 0.24, 0.28, 0.34, 0.4, 0.5, 0.6, 0.75,
)  # fmt: skip
USUAL: tuple[float, ...] = (
    13.9, 10.3, 8.0, 6.1, 4.5, 3.0, 2.0, 1.2, 0.6, 0.25, 0.1, 0.04, 0.02, 0.01, 0.008, 0.006, 0.004, 0.002,
)  # fmt: skip
"""Noise per 100 calls at each threshold in two recordings, between them; outweighed as calls are counted."""
USUAL_WEIGHT = 300.0
"""Calls that the usual noise counts for."""
AGED_AT = 6000.0
REPEATED_AFTER_S = 120.0
"""A forecast is not said again within so many seconds, nor within reach of what it was said for, unless it came true:
then there is something new to say."""
LONG_AGO = -1e12
"""A time at which nothing is repeated: a remedy stands for its reach only."""
NEVER = (-99.0, 0.0)


@dataclass(slots=True)
class NoiseCurve:
    """What a project's forecasts would have been at each threshold."""

    calls: float = 0.0
    noise: list[float] = field(default_factory=lambda: [0.0] * len(THRESHOLDS))
    hits: list[float] = field(default_factory=lambda: [0.0] * len(THRESHOLDS))

    def threshold_for(self, allowed: float) -> float:
        """The lowest threshold whose noise stays within so many items per 100 calls; 1 where none does.

        Between two thresholds it is read off the straight line that joins their noise.
        """
        above, noisier = 0.0, 0.0
        for threshold, noise in zip(THRESHOLDS, self.rates(), strict=True):
            if noise <= allowed:
                share = (noisier - allowed) / (noisier - noise) if above else 1.0
                return above + share * (threshold - above)
            above, noisier = threshold, noise
        return 1.0

    def rates(self) -> list[float]:
        """Noise per 100 calls at each threshold."""
        seen = self.calls + USUAL_WEIGHT
        return [(100.0 * noise + USUAL_WEIGHT * usual) / seen for noise, usual in zip(self.noise, USUAL, strict=True)]

    def count(self, window: Window, said: dict[str, list[list[float]]]) -> None:
        """Counts one place in a session whose next calls are known by now.

        `said` remembers for each group where and when each threshold spoke of it last, and is changed.
        """
        self.calls += 1.0
        if window.told:
            said[window.told] = [[window.index, LONG_AGO] for _ in THRESHOLDS]
        failed_since = dict(window.failed_by_then)
        for group, probability in window.expected:
            last = said.setdefault(group, [])
            failed_at = failed_since.get(group, -1)
            for number, threshold in enumerate(THRESHOLDS):
                if probability < threshold:
                    break
                if number < len(last) and still_said(last[number], window, failed_at):
                    continue
                last.extend([list(NEVER)] * (number + 1 - len(last)))
                last[number] = [window.index, window.seconds]
                if group in window.failed:
                    self.hits[number] += 1.0
                else:
                    self.noise[number] += 1.0
        if self.calls > AGED_AT:
            self.calls /= 2
            self.noise = [count / 2 for count in self.noise]
            self.hits = [count / 2 for count in self.hits]

    def as_json(self) -> list[Any]:
        """The curve as it is stored."""
        return [self.calls, self.noise, self.hits]

    @classmethod
    def from_json(cls, stored: list[Any]) -> NoiseCurve:
        """The curve as it was stored."""
        return cls(float(stored[0]), [float(each) for each in stored[1]], [float(each) for each in stored[2]])


def still_said(last: Sequence[float], window: Window, failed_at: int) -> bool:
    """Whether what was said last still stands at a later place of the session."""
    index, seconds = last
    if index < failed_at:
        return False
    return index > window.index - REACH or abs(window.seconds - seconds) < REPEATED_AFTER_S
