"""Counts that are bounded, age, and back off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.prefetch.records import dump_tally, load_tally
from services.prefetch.tallies import AGED_AT, EVENTS_AT_MOST, FLOOR, Tally, logit, sigmoid, smoothed, witten_bell

EVENTS = "abcde"


def counted(events: str) -> Tally:
    tally = Tally()
    for event in events:
        tally.see()
        tally.add(event)
    return tally


@given(st.text(EVENTS, max_size=30), st.integers(1, 60))
def test_backed_off_probabilities_are_a_distribution(pattern: str, times: int) -> None:
    tally = counted(pattern * times)
    general = {"a": 0.5, "b": 0.2, "c": 0.15, "d": 0.1, "e": 0.05}
    backed_off = {event: witten_bell(tally, event, share) for event, share in general.items()}
    assert sum(backed_off.values()) == pytest.approx(1.0)
    assert all(0.0 < share < 1.0 for share in backed_off.values())


@given(st.text(EVENTS, max_size=30), st.integers(1, 60), st.floats(0.0, 1.0), st.floats(1.0, 40.0))
def test_a_smoothed_rate_lies_between_what_was_seen_and_what_is_general(
    pattern: str, times: int, general: float, weight: float
) -> None:
    tally = counted(pattern * times)
    own = tally.count("a") / tally.total if tally.total else general
    rate = smoothed(tally, "a", general, weight)
    assert min(own, general) - 1e-9 <= rate <= max(own, general) + 1e-9
    assert smoothed(None, "a", general, weight) == general == witten_bell(None, "a", general)


def test_the_more_often_a_context_was_seen_the_more_it_says() -> None:
    shares = [witten_bell(counted("a" * times), "a", 0.1) for times in (1, 3, 10, 100)]
    assert shares == sorted(shares)
    # As many sightings of many different events say less of the next.
    assert witten_bell(counted("aabb"), "a", 0.1) > witten_bell(counted("aabc"), "a", 0.1)


def test_what_is_aged_keeps_its_rate_and_no_count_grows_without_end() -> None:
    tally = Tally()
    for number in range(5000):
        tally.see()
        if number % 4 == 0:
            tally.add("a")
        tally.add("always")
        assert tally.total <= AGED_AT
        assert tally.count("always") == pytest.approx(tally.total)
    assert tally.count("a") / tally.total == pytest.approx(0.25, abs=0.002)


def test_what_a_project_does_now_outweighs_what_it_did() -> None:
    tally = counted("a" * 2000 + "b" * 2000)
    assert tally.count("b") > 5 * tally.count("a")


def test_of_many_different_events_the_common_ones_are_kept() -> None:
    tally = Tally()
    for number in range(3000):
        tally.see()
        tally.add("common" if number % 3 == 0 else f"rare {number}")
        assert len(tally.events) <= EVENTS_AT_MOST
    assert tally.count("common") > AGED_AT / 4


@given(st.text(max_size=200), st.integers(1, 20))
def test_a_tally_is_read_as_it_was_kept(events: str, times: int) -> None:
    tally = counted(events * times)
    kept = load_tally(dump_tally(tally))
    assert kept.total == pytest.approx(tally.total, abs=0.001)
    assert kept.events == pytest.approx(tally.events, abs=0.001)
    assert list(kept.events) == list(tally.events)


@given(st.floats(0.0, 1.0))
def test_log_odds_are_those_of_the_probability(probability: float) -> None:
    assert sigmoid(logit(probability)) == pytest.approx(min(max(probability, FLOOR), 1.0 - FLOOR))
