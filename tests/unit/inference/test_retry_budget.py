"""Retries stay a tenth of the requests, and a few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.inference.retry_budget import MOST, PER_REQUEST, RetryBudget


@given(st.lists(st.booleans(), max_size=400))
def test_retries_never_pass_their_share(asked: list[bool]) -> None:
    """Each request may want a retry; True is one that does."""
    budget, retries = RetryBudget(), 0
    for number, wants in enumerate(asked, 1):
        budget.earn()
        retries += wants and budget.take()
        assert retries <= MOST + PER_REQUEST * number


def test_a_tenth_of_the_requests_may_be_tried_again_for_ever() -> None:
    budget = RetryBudget()
    taken = [budget.take() for _ in range(MOST + 1)]
    assert taken == [True] * MOST + [False]
    for _ in range(100):
        allowed: list[bool] = []
        for _ in range(10):
            budget.earn()
            allowed.append(budget.take())
        assert allowed == [False] * 9 + [True]


def test_a_quiet_time_saves_no_more_than_a_few() -> None:
    budget = RetryBudget()
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.take() for _ in range(100)) == MOST
