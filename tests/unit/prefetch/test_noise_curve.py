"""How much noise forecasts would have made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.prefetch.model import REACH, Window
from services.prefetch.noise_curve import AGED_AT, REPEATED_AFTER_S, THRESHOLDS, NoiseCurve

GROUPS = ("Bash|make test", "Edit|py", "Read|md")


@st.composite
def sessions(draw: st.DrawFn) -> list[Window]:
    """Places of a session, some of them skipped, by a clock that may run back."""
    windows: list[Window] = []
    index, seconds = 0, 0.0
    for _ in range(draw(st.integers(0, 14))):
        index += draw(st.integers(1, 4))
        seconds += draw(st.floats(-300.0, 400.0))
        expected = [(group, draw(st.floats(0.0, 1.0))) for group in GROUPS if draw(st.booleans())]
        failed = [(group, draw(st.integers(-1, index))) for group in GROUPS if draw(st.booleans())]
        windows.append(
            Window(
                index=index,
                contexts=(),
                expected=tuple(expected),
                seconds=seconds,
                failed_by_then=tuple(failed),
                failed=draw(st.sets(st.sampled_from(GROUPS))),
            )
        )
    return windows


def said_at(threshold: float, windows: list[Window]) -> tuple[int, int]:
    """Noise and hits of whoever follows the rule at one threshold."""
    said: dict[str, Window] = {}
    noise = hits = 0
    for window in windows:
        for group, probability in window.expected:
            last, failed_at = said.get(group), dict(window.failed_by_then).get(group, -1)
            if probability < threshold:
                continue
            if last is not None and last.index >= failed_at:
                if window.index - last.index < REACH:
                    continue
                if abs(window.seconds - last.seconds) < REPEATED_AFTER_S:
                    continue
            said[group] = window
            hits += group in window.failed
            noise += group not in window.failed
    return noise, hits


@settings(max_examples=40)
@given(sessions())
def test_the_curve_counts_what_each_threshold_would_have_said(windows: list[Window]) -> None:
    curve, said = NoiseCurve(), dict[str, list[list[float]]]()
    for window in windows:
        curve.count(window, said)
    told = list(zip(curve.noise, curve.hits, strict=True))
    assert told == [said_at(threshold, windows) for threshold in THRESHOLDS]
    assert curve.calls == len(windows)


@given(st.lists(st.floats(0.0, 500.0), min_size=18, max_size=18), st.floats(0.0, 5000.0), st.data())
def test_who_allows_more_noise_hears_no_less(noise: list[float], calls: float, data: st.DataObject) -> None:
    curve = NoiseCurve(calls, noise)
    less, more = sorted(data.draw(st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 100.0))))
    assert THRESHOLDS[0] <= curve.threshold_for(more) <= curve.threshold_for(less) <= 1.0


@given(st.integers(1, len(THRESHOLDS) - 1))
def test_the_threshold_for_a_noise_that_was_counted_is_the_one_that_made_it(number: int) -> None:
    curve = NoiseCurve(1000.0)
    assert curve.threshold_for(curve.rates()[number]) == pytest.approx(THRESHOLDS[number])
    assert curve.threshold_for(-1.0) == 1.0


def test_what_is_counted_outweighs_what_is_usual() -> None:
    window = Window(index=0, contexts=(), expected=((GROUPS[0], 0.5),))
    noisy, right = NoiseCurve(), NoiseCurve()
    for number in range(200):
        at = 2 * REACH * number
        noisy.count(Window(at, (), window.expected, seconds=1000.0 * number), {})
        right.count(Window(at, (), window.expected, seconds=1000.0 * number, failed={GROUPS[0]}), {})
    assert noisy.threshold_for(3.0) > NoiseCurve().threshold_for(3.0) > right.threshold_for(3.0)


def test_a_long_history_is_aged_and_kept_as_it_is() -> None:
    curve, said = NoiseCurve(), dict[str, list[list[float]]]()
    for number in range(int(2.5 * AGED_AT)):
        expected = ((GROUPS[0], 0.3),) if number % 10 == 0 else ()
        curve.count(Window(number, (), expected, seconds=60.0 * number), said)
        assert curve.calls <= AGED_AT
    assert curve.noise[0] / curve.calls == pytest.approx(0.1, abs=0.01)
    assert NoiseCurve.from_json(curve.as_json()) == curve
