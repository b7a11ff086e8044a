"""From a bundle to a decision: what is said under which id, why the rest is not, and when a call is stopped."""

from __future__ import annotations

from pathlib import Path

from chassis.calls import CallContext
from chassis.timestamps import set_time
from services.router.bundle import fuse
from services.router.decision import compose, live_unavailable, occasion_of
from services.router.gate import LABEL
from services.router.settings import Policy
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1 import router_pb2
from tests.unit.router.moments import (
    FAILED,
    NOW,
    PROMPT,
    PROPOSED,
    WORKED,
    WORKS,
    candidate,
    made_ahead,
    moment,
    prepared,
)


def decided(
    at: moment_pb2.Moment,
    found: packets_pb2.LookupResponse,
    remedies: prefetch_pb2.RemedyResponse | None = None,
    policy: Policy | None = None,
) -> router_pb2.Decision:
    set_to = policy or Policy()
    return compose(fuse(at, found, remedies, occasion_of(at), set_to), at, set_to)[0]


def silences(decision: router_pb2.Decision) -> dict[str, str]:
    return {advice.packet_id: router_pb2.Silence.Name(advice.silence) for advice in decision.held}


def test_with_all_the_time_that_a_model_needs_none_is_asked_whatever_engine_there_is() -> None:
    assert live_unavailable(CallContext("/test/Test", "local")) == "the router asks no model yet"


def test_a_decision_tells_of_each_piece_where_it_comes_from() -> None:
    remedy = made_ahead("remedy", suggests="tool --other")
    found = packets_pb2.LookupResponse(candidates=[candidate()])
    at = moment(FAILED)
    decision = decided(at, found, prefetch_pb2.RemedyResponse(packets=[remedy], probability=0.3))
    assert decision.text == f"{LABEL}text of lesson\ntext of remedy"
    lesson, outcome = decision.said
    assert [each.advice_id for each in decision.said] == [f"{at.envelope.decision_id}-{place}" for place in (1, 2)]
    assert (lesson.source, lesson.lesson_id) == (router_pb2.SOURCE_LESSON, "lesson")
    assert lesson.provenance.session_ids == ["an-earlier-session"]
    assert lesson.kind == lesson_pb2.LESSON_KIND_FAILURE_FIX
    assert (outcome.source, outcome.lesson_id, outcome.probability) == (router_pb2.SOURCE_OUTCOME, "", 0.3)
    assert (list(outcome.names), list(outcome.suggests)) == (list(remedy.names), list(remedy.suggests))
    assert router_pb2.SOURCE_FORECAST in decision.absent


def test_what_says_the_same_is_said_by_the_better_source() -> None:
    found = packets_pb2.LookupResponse(
        candidates=[candidate()],
        prepared=prepared(made_ahead("named-by-the-lesson"), made_ahead("of-another-group", target_class="make")),
    )
    same_fix = prefetch_pb2.RemedyResponse(packets=[made_ahead("same-fix", suggests=WORKS)])
    decision = decided(moment(FAILED), found, same_fix)
    assert [advice.packet_id for advice in decision.said] == ["lesson", "of-another-group"]
    assert silences(decision) == {"same-fix": "SILENCE_DUPLICATE", "named-by-the-lesson": "SILENCE_DUPLICATE"}


def test_silence_has_the_reason_of_the_best_piece() -> None:
    assert decided(moment(PROMPT), packets_pb2.LookupResponse()).silence == router_pb2.SILENCE_NO_LESSON
    found = packets_pb2.LookupResponse(candidates=[candidate()])
    set_time(found.gate.shown.add(key="lesson/ahead").at, NOW)
    decision = decided(moment(PROPOSED), found)
    assert (decision.text, decision.silence) == ("", router_pb2.SILENCE_SHOWN_RECENTLY)
    assert silences(decision) == {"lesson": "SILENCE_SHOWN_RECENTLY"}


def test_a_lesson_that_sends_to_a_file_that_is_gone_is_held_back(tmp_path: Path) -> None:
    found = packets_pb2.LookupResponse(candidates=[candidate()])
    fix = found.candidates[0].packet.lesson.fix
    fix.kind, fix.worked = lesson_pb2.FIX_KIND_OTHER_PATH, "src/gone.py"
    decision = decided(moment(FAILED, root=str(tmp_path)), found)
    assert silences(decision) == {"lesson": "SILENCE_NO_LONGER_TRUE"}
    assert decided(moment(FAILED, root="/not/to/be/seen/from/here"), found).said


def test_a_call_is_stopped_before_it_is_made_where_that_is_wanted() -> None:
    found = packets_pb2.LookupResponse(candidates=[candidate()])
    wanted = Policy(refuse=True)
    decision = decided(moment(PROPOSED), found, policy=wanted)
    assert decision.refuse
    assert decision.said[0].authority == router_pb2.AUTHORITY_BLOCK
    assert not decided(moment(PROPOSED), found).refuse, "off by default"
    assert not decided(moment(WORKED), found, policy=wanted).refuse
    assert not decided(moment(PROPOSED), found, policy=Policy(refuse=True, emit=False)).refuse
    set_time(found.gate.shown.add(key="lesson/refused").at, NOW)
    assert not decided(moment(PROPOSED), found, policy=wanted).refuse


def test_with_emit_off_all_is_decided_and_nothing_told() -> None:
    found = packets_pb2.LookupResponse(candidates=[candidate()])
    decision = decided(moment(PROPOSED), found, policy=Policy(emit=False))
    assert (decision.text, decision.silence) == ("", router_pb2.SILENCE_EMIT_OFF)
    assert decision.said[0].advice_id


def test_a_moment_that_was_answered_is_not_answered_again() -> None:
    found = packets_pb2.LookupResponse(candidates=[candidate()])
    at = moment(FAILED)
    at.envelope.event_id = "once"
    set_time(found.gate.shown.add(key="moment another").at, NOW)
    assert decided(at, found).said
    set_time(found.gate.shown.add(key="moment once").at, NOW)
    again = decided(at, found)
    assert (again.text, again.silence) == ("", router_pb2.SILENCE_CLAIMED_ELSEWHERE)
    at.envelope.occurred_at.FromSeconds(at.envelope.occurred_at.seconds + 601)
    assert decided(at, found).said, "a client without ids says the same of two moments"
