"""What rounds of replicas are put together to."""

from __future__ import annotations

import pytest

from bench.fleet.crowd import Heard
from bench.replicas import PARTS, Round, arm, as_round


def a_round(rate: float, lost: int = 0) -> Round:
    return Round(rate, 10.0, 20.0, lost, 100, 0.5, dict.fromkeys(PARTS, 1.0), 0.5)


def test_each_round_is_held_against_the_one_beside_it() -> None:
    # The machine was half as fast in the second round, for both alike.
    rounds = {1: [a_round(100), a_round(50), a_round(100)], 2: [a_round(190), a_round(95, lost=3), a_round(150)]}

    two = arm(10_000, 2, rounds)

    assert two.speedup == pytest.approx(1.9)
    assert two.rate == 150
    assert (two.lost, two.hooks) == (3, 300)
    assert arm(10_000, 1, rounds).speedup == 1.0


def test_cpu_is_told_by_the_hook() -> None:
    heard = Heard(rate=2.0, seconds=[0.1, 0.2, 0.3, 0.4], proposed=2, advised=1)

    one = as_round(heard, {"hot": 0.012}, 1.5)

    assert one.cpu_ms == {"hot": pytest.approx(3.0)}
    assert (one.hooks, one.advised, one.drained_s) == (4, 0.5, 1.5)
    assert one.p50 == pytest.approx(300)
