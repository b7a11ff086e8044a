"""The posterior of a packet, its score, and its stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.packets.effectiveness import (
    CANDIDATE,
    ESTABLISHED,
    HARM_WEIGHT,
    PROVEN,
    RETIRED,
    WARNING,
    Evidence,
    Posterior,
    Stage,
    evidence_of,
    evidence_of_verdict,
    faded,
    forget,
    learn,
    score_of,
    stage_after,
)
from services.packets.outcomes import FOLLOWED_FAILED, FOLLOWED_WORKED, IGNORED_FAILED, IGNORED_FINE
from services.packets.wording import worded
from spark.packets.v1 import advice_pb2

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HALF_LIFE = timedelta(days=90)

MASS = st.floats(0, 1000)
EVIDENCE = st.builds(Evidence, MASS, MASS, MASS)
POSTERIOR = st.builds(Posterior, MASS, MASS, MASS, st.just(NOW))
TIMES = st.integers(-400, 400).map(lambda days: NOW + timedelta(days=days, seconds=days))
STAGES: list[Stage] = [CANDIDATE, ESTABLISHED, PROVEN, WARNING, RETIRED]

LEGAL = {
    CANDIDATE: {CANDIDATE, ESTABLISHED, WARNING, RETIRED},
    ESTABLISHED: {CANDIDATE, ESTABLISHED, PROVEN, WARNING, RETIRED},
    PROVEN: {ESTABLISHED, PROVEN, WARNING, RETIRED},
    WARNING: {CANDIDATE, WARNING, RETIRED},
    RETIRED: {CANDIDATE, RETIRED},
}


def with_all(*evidence: Evidence, start: Posterior | None = None) -> Posterior:
    posterior = start or Posterior()
    for each in evidence:
        posterior = learn(posterior, each, NOW, HALF_LIFE)
    return posterior


def test_half_while_nothing_is_known() -> None:
    assert score_of(Posterior()) == 0.5


@given(POSTERIOR, EVIDENCE)
def test_the_score_stays_in_bounds_and_moves_with_what_comes(posterior: Posterior, more: Evidence) -> None:
    before = score_of(posterior)
    assert 0 < before < 1
    assert score_of(with_all(Evidence(help=more.help), start=posterior)) >= before
    assert score_of(with_all(Evidence(harm=more.harm), start=posterior)) <= before
    assert score_of(with_all(Evidence(noise=more.noise), start=posterior)) <= before


@given(MASS)
def test_one_harm_cancels_four_helps(harm: float) -> None:
    assert score_of(with_all(Evidence(help=4 * harm, harm=harm))) == pytest.approx(0.5)
    assert HARM_WEIGHT == 4


@given(POSTERIOR, st.floats(0, 3650), st.floats(0, 3650))
def test_time_takes_the_score_back_to_half(posterior: Posterior, days: float, more: float) -> None:
    def distance(age: float) -> float:
        return abs(score_of(faded(posterior, NOW + timedelta(days=age), HALF_LIFE)) - 0.5)

    assert distance(days + more) <= distance(days) + 1e-12
    assert distance(36_500) < 1e-6
    assert masses(faded(posterior, NOW + HALF_LIFE, HALF_LIFE)) == pytest.approx([m / 2 for m in masses(posterior)])


@given(st.lists(st.tuples(EVIDENCE, TIMES), max_size=8), st.randoms())
def test_the_order_in_which_things_are_heard_is_without_effect(
    heard: list[tuple[Evidence, datetime]], random: object
) -> None:
    shuffled = list(heard)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    results: list[Posterior] = []
    for order in (heard, shuffled):
        posterior = Posterior()
        for evidence, at in order:
            posterior = learn(posterior, evidence, at, HALF_LIFE)
        results.append(posterior)
    assert results[0].at == results[1].at
    assert masses(results[0]) == pytest.approx(masses(results[1]))


@given(POSTERIOR, EVIDENCE, TIMES, st.integers(0, 400))
def test_what_is_taken_back_leaves_no_trace(posterior: Posterior, added: Evidence, at: datetime, days: int) -> None:
    learnt = learn(posterior, added, at, HALF_LIFE)
    later = max(NOW, at) + timedelta(days=days)
    undone = forget(faded(learnt, later, HALF_LIFE), added, at, HALF_LIFE)
    assert masses(undone) == pytest.approx(masses(faded(posterior, later, HALF_LIFE)), abs=1e-9)


@given(st.sampled_from(STAGES), POSTERIOR, st.booleans())
def test_stages_change_by_one_step_and_come_to_rest(stage: Stage, posterior: Posterior, suggests: bool) -> None:
    path = [stage]
    for _ in range(len(STAGES)):
        path.append(stage_after(path[-1], posterior, suggests=suggests))
        assert path[-1] in LEGAL[path[-2]]
    assert path[-1] == path[-2], "the same evidence turns it round and round"
    assert suggests or stage == WARNING or WARNING not in path


def test_two_of_seven_borne_out_keep_the_score() -> None:
    borne_out = [evidence_of(IGNORED_FAILED, 0)] * 2
    assert score_of(with_all(*borne_out, *[evidence_of(IGNORED_FINE, 0)] * 5)) == pytest.approx(0.5)


def test_the_course_of_advice_that_helps() -> None:
    helped, idle = evidence_of(FOLLOWED_WORKED, 0), evidence_of(IGNORED_FINE, 0)
    stage, posterior, course = CANDIDATE, Posterior(), list[Stage]()
    for _ in range(6):
        posterior = with_all(helped, start=posterior)
        stage = stage_after(stage, posterior, suggests=True)
        course.append(stage)
        # One idle piece takes nothing back.
        assert stage_after(stage, with_all(idle, start=posterior), suggests=True) == stage
    assert course == [CANDIDATE, *[ESTABLISHED] * 3, *[PROVEN] * 2]


def test_the_course_of_advice_that_does_harm() -> None:
    harmed = evidence_of(FOLLOWED_FAILED, 1.0)
    once = with_all(harmed)
    assert stage_after(CANDIDATE, once, suggests=True) == CANDIDATE, "one failure may be chance"
    twice = with_all(harmed, harmed)
    assert stage_after(CANDIDATE, twice, suggests=True) == WARNING
    assert stage_after(CANDIDATE, twice, suggests=False) == RETIRED
    assert worded("use `x`", WARNING) == "What was advised here before did not work: use `x`"
    assert worded("use `x`", CANDIDATE) == "use `x`"
    years = faded(twice, NOW + timedelta(days=720), HALF_LIFE)
    assert stage_after(WARNING, years, suggests=True) == CANDIDATE


def test_advice_that_never_comes_true_is_retired() -> None:
    idle = evidence_of(IGNORED_FINE, 0)
    said = with_all(*[idle] * 29)
    assert stage_after(CANDIDATE, said, suggests=True) == CANDIDATE
    assert stage_after(CANDIDATE, with_all(idle, idle, start=said), suggests=True) == RETIRED
    borne_out = with_all(*[evidence_of(IGNORED_FAILED, 0)] * 12, start=said)
    assert stage_after(CANDIDATE, borne_out, suggests=True) != RETIRED


def test_a_word_of_the_user_outweighs_what_was_observed() -> None:
    helped, idle = evidence_of(FOLLOWED_WORKED, 0), evidence_of(IGNORED_FINE, 0)
    assert evidence_of_verdict(advice_pb2.VERDICT_HELPFUL).help > helped.help
    assert evidence_of_verdict(advice_pb2.VERDICT_TOO_NOISY).noise > idle.noise
    assert evidence_of_verdict(advice_pb2.VERDICT_NOT_HELPFUL).harm > evidence_of(FOLLOWED_FAILED, 0.5).harm


def masses(posterior: Posterior) -> tuple[float, float, float]:
    return posterior.help, posterior.harm, posterior.noise
