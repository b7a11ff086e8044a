from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inference.calibration import AT_LEAST, OF_EACH, Calibration, Outcome, calibrated

outcomes = st.lists(st.builds(Outcome, st.floats(0, 1), st.booleans()), max_size=200)


def drawn(right_at: dict[float, float], each: int, seed: int = 1) -> list[Outcome]:
    rng = random.Random(seed)
    return [Outcome(stated, rng.random() < share) for stated, share in right_at.items() for _ in range(each)]


def test_few_outcomes_change_nothing_and_that_is_said() -> None:
    few = calibrated([Outcome(0.9, False)] * (AT_LEAST - 1))
    one_sided = calibrated([Outcome(0.9, False)] * AT_LEAST + [Outcome(0.9, True)] * (OF_EACH - 1))
    for held in (few, one_sided, Calibration()):
        assert not held.fitted
        assert [held.of(share / 10) for share in range(11)] == [share / 10 for share in range(11)]


def test_who_is_too_sure_is_believed_less() -> None:
    held = calibrated(drawn({0.9: 0.5, 0.6: 0.2, 0.3: 0.1}, each=400))
    assert held.fitted
    assert held.of(0.9) == pytest.approx(0.5, abs=0.07)
    assert held.of(0.6) == pytest.approx(0.2, abs=0.07)
    assert held.of(0.3) < 0.15


def test_who_is_right_as_often_as_stated_is_taken_at_the_word() -> None:
    held = calibrated(drawn({share / 10: share / 10 for share in range(1, 10)}, each=400))
    for share in range(1, 10):
        assert held.of(share / 10) == pytest.approx(share / 10, abs=0.06)


def test_who_is_surer_when_wrong_tells_nothing_by_it() -> None:
    held = calibrated(drawn({0.9: 0.2, 0.2: 0.8}, each=100))
    assert held.of(0.9) == held.of(0.1) == pytest.approx(0.5, abs=0.1)


@given(outcomes, st.floats(0, 1), st.floats(0, 1))
def test_a_surer_statement_never_counts_less(past: list[Outcome], one: float, other: float) -> None:
    held = calibrated(past)
    less, more = sorted((one, other))
    assert 0 <= held.of(less) <= held.of(more) <= 1
