"""How likely a piece is to be borne out, from what came of its like; and what that keeps back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.router.bundle import fuse
from services.router.decision import occasion_of
from services.router.gate import Source
from services.router.settings import Policy
from services.router.standing import USUAL_THRESHOLD, expected
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2, standing_pb2
from spark.router.v1 import router_pb2
from tests.unit.router.moments import FAILED, PROMPT, PROPOSED, WORKED, candidate, moment, prepared

IDLE = standing_pb2.Standing(source=router_pb2.SOURCE_LESSON, borne_out=1, idle=80)

counts, numbers = st.floats(0, 1000), st.integers(0, 50)
kinds = st.sampled_from([PROMPT, WORKED, FAILED])


def counted(borne_out: float, idle: float) -> list[standing_pb2.Standing]:
    other = standing_pb2.Standing(source=router_pb2.SOURCE_FORECAST, borne_out=7, idle=1)
    return [other, standing_pb2.Standing(source=router_pb2.SOURCE_LESSON, borne_out=borne_out, idle=idle)]


@given(counts, counts, counts, numbers, numbers, numbers, kinds)
def test_what_was_borne_out_makes_it_likelier_and_what_was_idle_less(
    borne_out: float,
    more: float,
    idle: float,
    worked: int,
    vain: int,
    further: int,
    kind: moment_pb2.MomentKind.ValueType,
) -> None:
    own = packets_pb2.Counters(followed_worked=worked, ignored_fine=vain)
    better = packets_pb2.Counters(followed_worked=worked + further, ignored_fine=vain)
    worse = packets_pb2.Counters(followed_worked=worked, ignored_fine=vain + further)
    share = expected(Source.LESSON, own, kind, counted(borne_out, idle))
    assert 0 <= share <= expected(Source.LESSON, better, kind, counted(borne_out, idle)) <= 1
    assert share >= expected(Source.LESSON, worse, kind, counted(borne_out, idle))
    assert share <= expected(Source.LESSON, own, kind, counted(borne_out + more, idle))
    assert share >= expected(Source.LESSON, own, kind, counted(borne_out, idle + more))


def test_a_few_times_in_vain_are_enough_and_a_users_word_is_too() -> None:
    for kind in (WORKED, PROPOSED, PROMPT):
        assert expected(Source.LESSON, packets_pb2.Counters(), kind, []) > USUAL_THRESHOLD
        for own in (packets_pb2.Counters(ignored_fine=9), packets_pb2.Counters(noisy=1)):
            assert expected(Source.LESSON, own, kind, []) < USUAL_THRESHOLD
    assert expected(Source.LESSON, packets_pb2.Counters(ignored_fine=9, helpful=1), WORKED, []) > USUAL_THRESHOLD


def test_what_a_prompt_asks_for_is_likelier_than_what_it_has_words_of() -> None:
    standings = [standing_pb2.Standing(source=router_pb2.SOURCE_PROJECT_FACT, borne_out=1, idle=20)]
    none = packets_pb2.Counters()
    assert expected(Source.PROJECT_FACT, none, PROMPT, standings) < USUAL_THRESHOLD
    assert expected(Source.PROJECT_FACT, none, PROMPT, standings, asked_for=True) > USUAL_THRESHOLD
    in_vain = packets_pb2.Counters(ignored_fine=12)
    assert expected(Source.PROJECT_FACT, in_vain, PROMPT, standings, asked_for=True) < USUAL_THRESHOLD


def held(kind: moment_pb2.MomentKind.ValueType, found: packets_pb2.LookupResponse) -> list[bool]:
    at = moment(kind)
    return [piece.unlikely for piece in fuse(at, found, None, occasion_of(at), Policy()).pieces]


def test_what_was_said_in_vain_again_and_again_is_held_back() -> None:
    lesson = candidate("lesson", match=packets_pb2.MATCH_RELAXED)
    new = packets_pb2.LookupResponse(candidates=[lesson])
    idle = packets_pb2.LookupResponse(candidates=[lesson], standings=[IDLE])
    assert held(PROMPT, new) == [False]
    assert held(PROMPT, idle) == [True]
    assert held(WORKED, idle) == [True]


def test_how_much_is_held_back_follows_the_noise_that_is_allowed() -> None:
    lesson = candidate("lesson", match=packets_pb2.MATCH_RELAXED)
    for threshold, kept_back in ((0.05, False), (0.2, True)):
        ready = prepared()
        ready.threshold = threshold
        assert held(PROMPT, packets_pb2.LookupResponse(candidates=[lesson], prepared=ready)) == [kept_back]


def test_of_the_very_failure_a_lesson_is_always_told() -> None:
    lesson = candidate("lesson", match=packets_pb2.MATCH_EXACT)
    assert held(FAILED, packets_pb2.LookupResponse(candidates=[lesson], standings=[IDLE])) == [False]
