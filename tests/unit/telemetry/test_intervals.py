from __future__ import annotations

import random

import pytest

from services.telemetry.intervals import Share, differs, wilson


def test_wilson_is_as_published() -> None:
    # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
    for part, whole, lower, upper in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert wilson(Share(part, whole)) == pytest.approx((lower, upper), abs=5e-5)


def test_of_nothing_anything_may_be() -> None:
    assert wilson(Share(0, 0)) == (0.0, 1.0)
    assert not differs(Share(0, 0), Share(5, 10))


def test_a_difference_is_as_published() -> None:
    # Newcombe, Interval estimation for the difference, Statistics in Medicine 17 (1998), table II, method 10:
    # 56/70 less 48/80 lies between 0.0524 and 0.3339; 9/10 less 3/10 between 0.1705 and 0.8090.
    assert differs(Share(56, 70), Share(48, 80))
    assert differs(Share(9, 10), Share(3, 10))
    assert not differs(Share(5, 56), Share(0, 29))


def test_two_windows_that_are_alike_seldom_differ() -> None:
    picker = random.Random(3)

    def window() -> Share:
        return Share(sum(picker.random() < 0.7 for _ in range(200)), 200)

    assert sum(differs(window(), window()) for _ in range(400)) / 400 < 0.08
