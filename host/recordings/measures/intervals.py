"""How sure a figure is: 95 % intervals of shares and of areas under curves."""

from __future__ import annotations

from math import sqrt

Z = 1.96
"""Standard deviations of a 95 % interval."""


def share(part: float, whole: float) -> float | None:
    """A share; None of nothing."""
    return part / whole if whole else None


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """Wilson's interval of a share, good also near 0 and 1 (Wilson 1927); None of nothing."""
    if not whole:
        return None
    rate = part / whole
    spread = Z * sqrt(rate * (1 - rate) / whole + Z**2 / (4 * whole**2))
    middle, scale = rate + Z**2 / (2 * whole), 1 + Z**2 / whole
    # Rounding must not push the share itself out of its interval.
    return max(0.0, min(rate, (middle - spread) / scale)), min(1.0, max(rate, (middle + spread) / scale))


def area_interval(area: float, positives: int, negatives: int) -> tuple[float, float] | None:
    """The interval of an area under a ROC curve (Hanley and McNeil 1982); None where one class is empty."""
    if not positives or not negatives:
        return None
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (positives - 1) * (q1 - area**2) + (negatives - 1) * (q2 - area**2)) / (
        positives * negatives
    )
    spread = Z * sqrt(max(0.0, variance))
    return max(0.0, area - spread), min(1.0, area + spread)
