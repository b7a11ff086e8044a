"""How much noise is left for forecasts, and what becomes of the threshold where all else makes too much."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.prefetch.settings import LEAST_SHARE, allowed_noise, excess, left_for_forecasts

amounts = st.floats(0, 100)


@given(amounts, amounts)
def test_what_is_said_beside_forecasts_is_taken_from_what_is_allowed(allowed: float, others: float) -> None:
    left = left_for_forecasts(allowed, others)
    assert LEAST_SHARE * allowed <= left <= allowed
    if others <= allowed:
        assert excess(allowed, others) == 1.0
    elif allowed > 0:
        assert excess(allowed, others) > 1.0, "too much is said: all must be likelier"


def test_quiet_allows_less() -> None:
    assert allowed_noise(5.0, quiet=True) < 3.0 < allowed_noise(5.0, quiet=False)
    assert excess(0.0, 7.0) == 1.0
