"""Two rankings made one. Pure.

Reciprocal rank fusion after G. V. Cormack, C. L. A. Clarke and S. Büttcher, "Reciprocal Rank Fusion outperforms
Condorcet and individual Rank Learning Methods", SIGIR 2009: the sum over the rankings of 1 / (k + rank), k = 60. It
asks nothing of the scores, which have nothing in common: one is a sum of logarithms, the other a cosine.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.memory.relevance import Ranked

K = 60


def fused(rankings: Sequence[Sequence[Ranked]]) -> list[Ranked]:
    """All places of all rankings, nearest first, the later first where two are as near; 1 is first in all of them."""
    sums: dict[int, float] = {}
    for ranking in rankings:
        for number, ranked in enumerate(ranking, start=1):
            sums[ranked.place] = sums.get(ranked.place, 0.0) + 1 / (K + number)
    highest = len(rankings) / (K + 1)
    found = [Ranked(place, score / highest) for place, score in sums.items()]
    return sorted(found, key=lambda ranked: (-ranked.score, -ranked.place))
