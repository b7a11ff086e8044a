"""Vectors: how they are kept, and which are alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.memory.likeness import Floats, alike, stored

NUMBERS = st.floats(-1, 1, width=32, allow_nan=False)
ROWS = st.lists(st.lists(NUMBERS, min_size=8, max_size=8).filter(lambda row: max(map(abs, row)) > 0.1), max_size=12)


def unit(rows: list[list[float]]) -> Floats:
    made = np.array(rows, np.float32).reshape(len(rows), 8)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@given(ROWS)
def test_what_is_stored_is_the_vector_in_half_the_space(rows: list[list[float]]) -> None:
    vectors = unit(rows)
    kept = stored(vectors)
    assert [len(each) for each in kept] == [16] * len(rows)
    for row, each in zip(vectors, kept, strict=True):
        assert np.frombuffer(each, "<f2") == pytest.approx(row, abs=1e-3)


@given(ROWS.filter(bool), st.floats(-1, 1))
def test_all_and_only_what_is_alike_is_found_the_most_alike_first(rows: list[list[float]], floor: float) -> None:
    vectors = unit(rows)
    found = alike(vectors[0], list(range(len(rows))), stored(vectors), floor)
    cosines = vectors @ vectors[0]
    places = {ranked.place for ranked in found}
    for place, cosine in enumerate(cosines):
        if abs(cosine - floor) > 0.01:
            assert (place in places) == (cosine > floor)
    assert [ranked.score for ranked in found] == sorted((ranked.score for ranked in found), reverse=True)
    assert [ranked.score for ranked in found] == pytest.approx([cosines[ranked.place] for ranked in found], abs=0.01)


def test_nothing_is_like_nothing() -> None:
    assert alike(unit([[1.0] * 8])[0], [], []) == []


def test_of_two_as_alike_the_later_comes_first() -> None:
    vectors = unit([[1.0] * 8, [-1.0] * 8, [1.0] * 8])
    assert [ranked.place for ranked in alike(vectors[0], [3, 5, 9], stored(vectors))] == [9, 3]
