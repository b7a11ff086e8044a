from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.telemetry.sequences import (
    CALLS_AT_LEAST,
    SESSIONS_AT_LEAST,
    Interval,
    Sessions,
    boundary,
    interval,
    rate_of,
)

ALPHA = 0.05
OPEN_AT_ONCE = 6

alphas = st.floats(1e-12, 0.999)
sessions = st.integers(1, 5000).flatmap(
    lambda calls: st.builds(Sessions, st.just(calls), st.integers(0, calls), st.integers(1, 40))
)
arms = st.lists(sessions, max_size=12)


def drawn(picker: random.Random, rate: float, spread: float) -> Sessions:
    """A session of a length and of a failure rate of its own; `spread` is the correlation of its calls."""
    calls = max(1, int(picker.lognormvariate(3, 1)))
    alike = (1 - spread) / spread
    own = picker.betavariate(rate * alike, (1 - rate) * alike)
    return Sessions(calls, sum(picker.random() < own for _ in range(calls)))


def looks(picker: random.Random, rate: float, effect: float, share: float, end: int) -> Iterator[Interval]:
    """What is seen by one who looks after each second session, while others are still at work."""
    both: tuple[list[Sessions], list[Sessions]] = ([], [])
    at_work: list[tuple[int, Sessions]] = []
    for number in range(end):
        arm = int(picker.random() < share)
        at_work.append((arm, drawn(picker, rate if arm else rate + effect, 0.1)))
        if len(at_work) > OPEN_AT_ONCE:
            arm, done = at_work.pop(picker.randrange(OPEN_AT_ONCE))
            both[arm].append(done)
        if number % 2 and number > 2 * SESSIONS_AT_LEAST:
            halves = [(arm, Sessions(half.calls // 2, half.failures // 2)) for arm, half in at_work if half.calls > 1]
            treatment, control = (both[arm] + [half for of, half in halves if of == arm] for arm in (0, 1))
            yield interval(treatment, control, ALPHA)


@pytest.mark.parametrize(("rate", "share"), [(0.02, 0.2), (0.1, 0.5), (0.5, 0.5)])
def test_whoever_looks_all_the_time_is_rarely_misled(rate: float, share: float) -> None:
    picker = random.Random(17)
    runs = 100
    misled = sum(
        any(not seen.lower <= 0 <= seen.upper for seen in looks(picker, rate, 0.0, share, 160)) for _ in range(runs)
    )
    assert misled / runs <= ALPHA


def test_an_effect_is_found_the_sooner_the_greater_it_is_and_never_with_the_wrong_sign() -> None:
    found: list[int] = []
    for effect in (-0.05, -0.1, -0.2):
        picker = random.Random(23)
        seen = [list(looks(picker, 0.3, effect, 0.5, 240)) for _ in range(20)]
        assert not any(look.lower > 0 for run in seen for look in run)
        found.append(sum(look.upper < 0 for run in seen for look in run))
    assert found == sorted(found)
    assert found[0] < found[-1] / 3
    assert found[-1] > 0.5 * 20 * len(range(2 * SESSIONS_AT_LEAST, 240, 2))


def test_no_failure_seen_is_not_certainty() -> None:
    clean = [Sessions(20, 0, SESSIONS_AT_LEAST)]
    seen = interval(clean, clean, ALPHA)
    assert seen.lower < -0.01 < 0.01 < seen.upper
    # One failure in each session of one arm, none in the other: no two sessions of an arm differ.
    seen = interval([Sessions(20, 1, SESSIONS_AT_LEAST)], clean, ALPHA)
    assert seen.upper - seen.lower > 0.05


@pytest.mark.parametrize("few", [Sessions(1000, 100, SESSIONS_AT_LEAST - 1), Sessions(1, 1, CALLS_AT_LEAST - 1)])
def test_below_a_floor_nothing_is_said(few: Sessions) -> None:
    plenty = [Sessions(100, 0, 100)]
    assert interval([few], plenty, ALPHA) == interval(plenty, [few], ALPHA) == Interval(-1.0, 1.0)


@given(arms, arms, alphas)
def test_bounds_are_bounds_for_any_figures(treatment: list[Sessions], control: list[Sessions], alpha: float) -> None:
    seen = interval(treatment, control, alpha)
    assert -1 <= seen.lower <= rate_of(treatment).value - rate_of(control).value <= seen.upper <= 1
    swapped = interval(control, treatment, alpha)
    assert (swapped.lower, swapped.upper) == pytest.approx((-seen.upper, -seen.lower), abs=1e-9)


@settings(max_examples=50)
@given(arms, arms, st.integers(2, 50))
def test_more_of_the_same_narrows_it(treatment: list[Sessions], control: list[Sessions], times: int) -> None:
    assume(rate_of(treatment).enough and rate_of(control).enough)
    more, also = ([replace(one, count=one.count * times) for one in arm] for arm in (treatment, control))
    less_sure, surer = interval(treatment, control, ALPHA), interval(more, also, ALPHA)
    assert surer.upper - surer.lower <= less_sure.upper - less_sure.lower


@given(sessions, sessions, st.integers(1, 9))
def test_alike_sessions_may_come_one_by_one_or_counted(one: Sessions, other: Sessions, count: int) -> None:
    counted = rate_of([Sessions(one.calls, one.failures, count), other])
    one_by_one = rate_of([*[Sessions(one.calls, one.failures)] * count, other])
    assert one_by_one.variance == pytest.approx(counted.variance)
    assert (one_by_one.sessions, one_by_one.calls, one_by_one.failures) == (
        counted.sessions,
        counted.calls,
        counted.failures,
    )


def test_the_jackknife_is_what_leaving_out_each_session_shows() -> None:
    picker = random.Random(5)
    arm = [drawn(picker, 0.4, 0.3) for _ in range(25)]
    rate = rate_of(arm)
    left = [rate_of([*arm[:place], *arm[place + 1 :]]).value for place in range(len(arm))]
    assert rate.variance == pytest.approx(sum((each - rate.value) ** 2 for each in left) * 24 / 25)


@given(st.integers(2, 10**9), alphas)
def test_to_look_always_takes_more_than_to_look_once(sessions: int, alpha: float) -> None:
    # The fixed bound of one look lies below sqrt(2 log(2 / α)) standard errors (Hoeffding); the mixture's lies above
    # sqrt(2 log(1 / α)) at every time.
    assert boundary(sessions, alpha) > -2 * math.log(alpha)
