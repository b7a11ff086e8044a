"""Bounds of shares, and of the difference of two. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.telemetry.buckets import NORMAL_95


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0


def wilson(share: Share) -> tuple[float, float]:
    """Bounds of 95 % of a share, by its score: they hold for few and for shares of 0 and 1.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if not share.whole:
        return 0.0, 1.0
    z2 = NORMAL_95**2 / share.whole
    middle = share.value + z2 / 2
    spread = NORMAL_95 * math.sqrt(share.value * (1 - share.value) / share.whole + z2 / (4 * share.whole))
    return max(0.0, (middle - spread) / (1 + z2)), min(1.0, (middle + spread) / (1 + z2))


def differs(now: Share, before: Share) -> bool:
    """Whether the bounds of 95 % of a difference of shares leave out 0.

    Source: Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17
    (1998), method 10.
    """
    if not (now.whole and before.whole):
        return False
    (low_now, high_now), (low_before, high_before) = wilson(now), wilson(before)
    difference = now.value - before.value
    down = math.hypot(now.value - low_now, high_before - before.value)
    up = math.hypot(high_now - now.value, before.value - low_before)
    return not difference - down <= 0 <= difference + up
