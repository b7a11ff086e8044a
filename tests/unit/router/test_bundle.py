"""Fusion: one ranked bundle out of what all sources have, and what none of them had."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.bundle import Bundle, fuse
from services.router.decision import occasion_of
from services.router.gate import Source, score_of
from services.router.settings import Policy
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1 import router_pb2
from tests.unit.router.moments import (
    FAILED,
    FAILS,
    PROMPT,
    PROPOSED,
    WORKED,
    WORKS,
    candidate,
    made_ahead,
    moment,
    prepared,
)

Found = packets_pb2.LookupResponse
Remedies = prefetch_pb2.RemedyResponse


def fused(
    at: moment_pb2.Moment, found: Found, remedies: Remedies | None = None, policy: Policy | None = None
) -> Bundle:
    return fuse(at, found, remedies, occasion_of(at), policy or Policy())


shares = st.floats(0, 1)
candidates = st.builds(
    candidate,
    st.text("abc", min_size=1, max_size=3),
    kind=st.sampled_from(lesson_pb2.LessonKind.values()[1:]),
    match=st.sampled_from(packets_pb2.Match.values()[1:]),
    score=st.floats(0, 20),
    confidence=shares,
)
ahead = st.lists(st.builds(made_ahead, st.text("def", min_size=1, max_size=3), confidence=shares), max_size=4)


@given(st.lists(candidates, max_size=6), ahead, ahead, st.sampled_from([PROMPT, PROPOSED, WORKED, FAILED]))
def test_the_best_comes_first_and_nothing_is_lost(
    found: list[packets_pb2.Candidate],
    forecasts: list[packets_pb2.Packet],
    remedies: list[packets_pb2.Packet],
    kind: moment_pb2.MomentKind.ValueType,
) -> None:
    at = moment(kind)
    bundle = fused(at, Found(candidates=found, prepared=prepared(*forecasts)), Remedies(packets=remedies))
    scores = [score_of(piece, occasion_of(at)) for piece in bundle.pieces]
    assert scores == sorted(scores, reverse=True)
    offered = [item.packet.packet_id for item in found] + [packet.packet_id for packet in remedies]
    offered += [packet.packet_id for packet in forecasts] if kind != PROPOSED else []
    assert sorted(piece.packet_id for piece in bundle.pieces) == sorted(offered)
    assert not {piece.source for piece in bundle.pieces} & set(bundle.absent)


def test_before_a_call_no_forecast_is_told() -> None:
    ready = Found(prepared=prepared(made_ahead("forecast")))
    assert fused(moment(PROPOSED), ready).pieces == []
    assert [piece.source for piece in fused(moment(WORKED), ready).pieces] == [Source.FORECAST]


LESSONS = {Source.LESSON, Source.PREFERENCE, Source.PROJECT_FACT, Source.THREAD}


def test_a_source_that_has_nothing_is_named_and_one_that_was_not_asked_is_not() -> None:
    assert set(fused(moment(PROPOSED), Found()).absent) == LESSONS
    assert set(fused(moment(PROMPT), Found()).absent) == {*LESSONS, Source.FORECAST}
    assert set(fused(moment(FAILED), Found(), Remedies()).absent) == {*LESSONS, Source.FORECAST, Source.OUTCOME}
    assert set(fused(moment(FAILED), Found(), None).absent) == {*LESSONS, Source.FORECAST}, "prefetch did not answer"
    found = Found(candidates=[candidate()])
    assert set(fused(moment(PROPOSED), found).absent) == LESSONS - {Source.LESSON}


@pytest.mark.parametrize(
    ("found", "remedies", "route"),
    [
        (Found(candidates=[candidate()]), None, router_pb2.ROUTE_PACKET_EXACT),
        (Found(candidates=[candidate(match=packets_pb2.MATCH_RELAXED)]), None, router_pb2.ROUTE_PACKET_RELAXED),
        (Found(prepared=prepared(made_ahead("forecast"))), None, router_pb2.ROUTE_PACKET_RELAXED),
        (Found(), Remedies(packets=[made_ahead("remedy")]), router_pb2.ROUTE_PACKET_EXACT),
        (Found(), Remedies(), router_pb2.ROUTE_DETERMINISTIC),
    ],
)
def test_the_route_says_where_the_bundle_came_from(
    found: Found, remedies: Remedies | None, route: router_pb2.Route.ValueType
) -> None:
    assert fused(moment(FAILED), found, remedies).route == route


def test_a_general_tip_fills_in_only_where_there_is_nothing_else() -> None:
    wanted = Policy(baseline=True)
    (tip,) = fused(moment(FAILED), Found(), Remedies(), wanted).pieces
    assert tip.source is Source.BASELINE
    learnt = fused(moment(FAILED), Found(candidates=[candidate()]), Remedies(), wanted)
    assert [piece.source for piece in learnt.pieces] == [Source.LESSON]
    assert fused(moment(FAILED), Found(), Remedies()).pieces == []


def test_each_piece_keeps_what_it_names_and_suggests() -> None:
    remedy = made_ahead("remedy", suggests="tool --other")
    found = Found(candidates=[candidate()], prepared=prepared(made_ahead("forecast", target_class="make")))
    bundle = fused(moment(FAILED), found, Remedies(packets=[remedy], probability=0.3))
    lesson, outcome, forecast = sorted(bundle.pieces, key=lambda piece: piece.source.value)
    assert (lesson.remedy, lesson.suggests[0].target, lesson.names) == (WORKS, WORKS, {"Bash|tool"})
    assert (outcome.probability, outcome.suggests) == (0.3, tuple(remedy.suggests))
    assert (forecast.probability, forecast.names) == (0.6, {"Bash|make"})
    assert bundle.lessons["lesson"].provenance.session_ids == ["an-earlier-session"]


def certain(**changes: object) -> bool:
    found = candidate(**changes)  # type: ignore[arg-type]
    return fused(moment(PROPOSED), Found(candidates=[found])).pieces[0].certain


def test_only_a_failure_seen_often_at_this_very_call_is_certain() -> None:
    assert certain()
    assert not certain(occurrences=2)
    assert not certain(confidence=0.74)
    assert not certain(match=packets_pb2.MATCH_RELAXED)
    assert not certain(kind=lesson_pb2.LESSON_KIND_PROJECT_FACT)
    worked = candidate()
    worked.packet.lesson.worked_since = True
    assert not fused(moment(PROPOSED), Found(candidates=[worked])).pieces[0].certain


def test_a_step_before_the_same_call_recommends_no_other_call() -> None:
    found = candidate()
    found.packet.lesson.fix.kind, found.packet.lesson.fix.worked = lesson_pb2.FIX_KIND_STEP_BEFORE, FAILS
    assert fused(moment(FAILED), Found(candidates=[found])).pieces[0].remedy == ""
