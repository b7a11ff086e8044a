"""Times as percentiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SHARES = (50, 95, 99, 100)


def percentile(ordered: Sequence[float], share: int) -> float:
    """The value below which so many of a hundred lie (nearest rank); 0 of nothing."""
    if not ordered:
        return 0.0
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """The usual ones, and the slowest as the hundredth."""
    ordered = sorted(values)
    return {f"p{share}": round(percentile(ordered, share), 3) for share in SHARES}
