"""The circuit breaker against a second, slower telling of what it promises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.breaker import Breaker, Circuit

CALLS = ("succeeded", "failed", "trip", "begin_trial", "trial_succeeded", "trial_failed")
steps = st.lists(st.tuples(st.sampled_from(CALLS), st.floats(0, 5)), max_size=60)


def told(breaker: Breaker, call: str, now: float) -> bool:
    method = getattr(breaker, call)
    return bool(method(now) if call in {"failed", "trip", "begin_trial", "trial_failed"} else method())


@given(steps)
def test_it_goes_only_ways_that_there_are(taken: list[tuple[str, float]]) -> None:
    breaker, now = Breaker(failures=3), 0.0
    for call, later in taken:
        now += later
        before = breaker.circuit
        told(breaker, call, now)
        way = (before, breaker.circuit)
        if before is not breaker.circuit:
            assert way in {
                (Circuit.CLOSED, Circuit.OPEN),
                (Circuit.OPEN, Circuit.HALF_OPEN),
                (Circuit.HALF_OPEN, Circuit.OPEN),
                (Circuit.HALF_OPEN, Circuit.CLOSED),
            }
            assert (
                call
                in {
                    (Circuit.CLOSED, Circuit.OPEN): {"failed", "trip"},
                    (Circuit.OPEN, Circuit.HALF_OPEN): {"begin_trial"},
                    (Circuit.HALF_OPEN, Circuit.OPEN): {"trial_failed"},
                    (Circuit.HALF_OPEN, Circuit.CLOSED): {"trial_succeeded"},
                }[way]
            )


@given(steps)
def test_no_trial_begins_before_its_time_nor_beside_another(taken: list[tuple[str, float]]) -> None:
    breaker, now, opened, pause = Breaker(failures=2, first_pause_s=1, longest_pause_s=4), 0.0, 0.0, 1.0
    for call, later in taken:
        now += later
        before = breaker.circuit
        begun = told(breaker, call, now)
        if call == "begin_trial":
            assert begun == (before is Circuit.OPEN and now >= opened + pause)
        if before is not breaker.circuit and breaker.circuit is Circuit.OPEN:
            opened = now
            pause = min(2 * pause, 4.0) if call == "trial_failed" else pause
        if breaker.circuit is Circuit.CLOSED and before is Circuit.HALF_OPEN:
            pause = 1.0


@given(st.lists(st.booleans(), max_size=40))
def test_it_opens_at_the_third_failure_in_a_row_and_not_before(outcomes: list[bool]) -> None:
    breaker, row = Breaker(failures=3), 0
    for worked in outcomes:
        if worked:
            breaker.succeeded()
            row = 0
        else:
            breaker.failed(0.0)
            row += 1
        assert (breaker.circuit is Circuit.OPEN) == (row >= 3)
        if row >= 3:
            return


def test_what_began_before_it_opened_says_nothing_about_the_trial() -> None:
    breaker = Breaker()
    breaker.trip(0.0)
    assert breaker.begin_trial(breaker.trial_at)
    breaker.succeeded()
    breaker.failed(1.0)
    breaker.trip(1.0)
    assert breaker.circuit is Circuit.HALF_OPEN
