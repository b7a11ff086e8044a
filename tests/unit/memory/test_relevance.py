"""BM25 and the fusion of rankings: their formulas, and what must hold of any."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.memory.fusion import K, fused
from services.memory.relevance import TELLING, Candidate, Ranked, rank, telling

WORDS = st.sampled_from(["bike", "car", "tower", "red", "blue", "tea"])
TEXTS = st.lists(st.lists(WORDS, max_size=8), min_size=1, max_size=12)


def candidates_in(texts: list[list[str]], asked: set[str]) -> tuple[list[Candidate], float]:
    """What the store would find, and the mean length."""
    found = [
        Candidate(place, counts, len(words))
        for place, words in enumerate(texts)
        if (counts := Counter(word for word in words if word in asked))
    ]
    return found, sum(map(len, texts)) / len(texts)


def test_the_formula_by_hand() -> None:
    one = Candidate(1, {"bike": 2}, 4)
    (ranked,) = rank(["bike", "colour"], [one], 3, 2.0)
    bike, colour = math.log(1 + 2.5 / 1.5), math.log(1 + 3.5 / 0.5)
    expected = bike * 2 * 2.2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 4 / 2)) / (2.2 * (bike + colour))
    assert ranked.score == pytest.approx(expected)


def test_nothing_asked_is_near_to_nothing() -> None:
    assert rank([], [], 5, 3.0) == []


@given(TEXTS, st.sets(WORDS, min_size=1))
def test_all_that_share_a_term_are_found_nearest_first(texts: list[list[str]], asked: set[str]) -> None:
    candidates, mean = candidates_in(texts, asked)
    found = rank(sorted(asked), candidates, len(texts), mean)
    assert {ranked.place for ranked in found} == {one.place for one in candidates}
    assert all(0 < ranked.score <= 1 for ranked in found)
    assert found == sorted(found, key=lambda ranked: (-ranked.score, -ranked.place))


@given(TEXTS, st.sets(WORDS, min_size=1), st.randoms())
def test_the_order_in_which_they_are_given_changes_nothing(
    texts: list[list[str]], asked: set[str], random: Random
) -> None:
    candidates, mean = candidates_in(texts, asked)
    shuffled = list(candidates)
    random.shuffle(shuffled)
    assert rank(sorted(asked), shuffled, len(texts), mean) == rank(sorted(asked), candidates, len(texts), mean)


@given(st.integers(1, 9), st.integers(1, 50), st.integers(1, 50))
def test_more_of_a_term_is_nearer_and_more_besides_is_farther(count: int, length: int, entries: int) -> None:
    more, fewer = Candidate(1, {"bike": count + 1}, count + length), Candidate(2, {"bike": count}, count + length)
    longer = Candidate(3, {"bike": count}, count + length + 5)
    assert [ranked.place for ranked in rank(["bike"], [longer, fewer, more], entries + 3, 10.0)] == [1, 2, 3]


def test_a_rare_term_tells_more_than_a_common_one() -> None:
    common = [Candidate(place, {"tea": 1}, 3) for place in range(5)]
    rare = Candidate(-1, {"bike": 1}, 3)
    assert rank(["tea", "bike"], [*common, rare], 20, 3.0)[0].place == -1


@given(st.lists(st.floats(0.01, 1), max_size=20))
def test_what_is_far_behind_the_nearest_tells_nothing(scores: list[float]) -> None:
    given_scores = sorted(scores, reverse=True)
    kept = telling([Ranked(place, score) for place, score in enumerate(given_scores)])
    assert [ranked.score for ranked in kept] == [score for score in given_scores if score >= TELLING * given_scores[0]]


def ranking(places: list[int]) -> list[Ranked]:
    return [Ranked(place, 1 / (number + 1)) for number, place in enumerate(places)]


def test_fusion_by_hand() -> None:
    found = fused([ranking([7, 3]), ranking([3, 5])])
    expected = {3: 1 / (K + 2) + 1 / (K + 1), 7: 1 / (K + 1), 5: 1 / (K + 2)}
    assert [ranked.place for ranked in found] == [3, 7, 5]
    assert {ranked.place: ranked.score * 2 / (K + 1) for ranked in found} == pytest.approx(expected)


PLACES = st.lists(st.integers(0, 30), unique=True, max_size=20)


@given(PLACES, PLACES)
def test_fusion_keeps_all_and_what_both_agree_on(first: list[int], second: list[int]) -> None:
    found = fused([ranking(first), ranking(second)])
    assert sorted(ranked.place for ranked in found) == sorted({*first, *second})
    assert all(0 < ranked.score <= 1 for ranked in found)
    assert fused([ranking(second), ranking(first)]) == found
    if first and second and first[0] == second[0]:
        assert (found[0].place, found[0].score) == (first[0], pytest.approx(1))


@given(PLACES)
def test_fusion_of_one_ranking_is_that_ranking(places: list[int]) -> None:
    assert [ranked.place for ranked in fused([ranking(places)])] == places
