"""How much an entry is about what was asked, by the terms that both have. Pure.

BM25 after S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations and
Trends in Information Retrieval 3(4), 2009, equation 3.15: the sum over the terms asked of

    idf · tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / mean length)).

The idf is Lucene's, ln(1 + (N - n + 0.5) / (n + 0.5)): theirs is negative for a term that most entries have, and in a
conversation of one entry every term is in most of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

K1 = 1.2
B = 0.75
"""Lucene's defaults, within the ranges that the paper recommends."""

TELLING = 0.2
"""Share of the nearest's score. On `bench.recall_quality` anything up to 0.4 finds the same."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that has some term asked: its place in the conversation, how often it has each, its terms in all."""

    place: int
    counts: Mapping[str, int]
    length: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in the conversation and how near it is, 0 to 1."""

    place: int
    score: float


def idf(entries: int, having: int) -> float:
    """How telling a term is that so many of the entries have; above 0."""
    return math.log(1 + (entries - having + 0.5) / (having + 0.5))


def rank(asked: Collection[str], candidates: Sequence[Candidate], entries: int, mean_length: float) -> list[Ranked]:
    """The candidates, nearest first, the later first where two are as near; each score is a share of the highest that
    any entry could have.

    `candidates` are all entries of the conversation that have any of the terms asked, `entries` all that there are.
    """
    having = Counter(term for candidate in candidates for term in candidate.counts)
    weights = {term: idf(max(entries, having[term]), having[term]) for term in asked}
    highest = (K1 + 1) * sum(weights.values())
    found = [Ranked(one.place, weight(one, weights, mean_length) / highest) for one in candidates if one.counts]
    return sorted(found, key=lambda ranked: (-ranked.score, -ranked.place))


def telling(ranking: Sequence[Ranked]) -> list[Ranked]:
    """A ranking without those that share with what is asked only what nearly all share.

    A fusion by rank would take the second for near, however far it is behind.
    """
    return [ranked for ranked in ranking if ranked.score >= TELLING * ranking[0].score]


def weight(candidate: Candidate, weights: Mapping[str, float], mean_length: float) -> float:
    """BM25 of one entry."""
    longer = 1 - B + B * candidate.length / mean_length if mean_length > 0 else 1.0
    return sum(
        weights.get(term, 0.0) * count * (K1 + 1) / (count + K1 * longer) for term, count in candidate.counts.items()
    )
