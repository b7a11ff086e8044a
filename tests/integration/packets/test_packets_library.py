"""Packets on a real Postgres: found by key, claimed once, kept when written together, gone when they must go."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from chassis.faults import NotFound
from services.packets.library import Library, packet_of
from spark.memory.v1 import lesson_pb2 as lessons
from spark.moment.v1 import moment_pb2 as moments
from spark.packets.v1 import packets_pb2
from tests.integration.packets.lessons import NOW, OTHER_PROJECT, PROJECT, lesson, moment, put, texts


async def test_found_exactly_before_the_call_and_at_its_failure(library: Library) -> None:
    await put(library, lesson(1), lesson(2))
    for kind in (moments.MOMENT_KIND_CALL_PROPOSED, moments.MOMENT_KIND_CALL_FAILED):
        found = (await library.find(moment(kind, 1), 0)).candidates
        assert found[0].packet.text == "lesson 1"
        assert found[0].match == packets_pb2.MATCH_EXACT
        assert {candidate.match for candidate in found[1:]} <= {packets_pb2.MATCH_RELAXED}


async def test_found_one_step_ahead_after_the_call_that_came_before(library: Library) -> None:
    await put(library, lesson(1))
    asked = moment(moments.MOMENT_KIND_CALL_SUCCEEDED, target="before 1")
    assert await texts(library, asked) == ["lesson 1"]


async def test_found_by_the_same_error_of_another_call(library: Library) -> None:
    await put(library, lesson(1))
    asked = moment(moments.MOMENT_KIND_CALL_FAILED, 1, target="tool run --x1 elsewhere")
    assert await texts(library, asked) == ["lesson 1"]


async def test_a_prompt_needs_two_words_in_common(library: Library) -> None:
    await put(library, lesson(1))
    asked = moment(moments.MOMENT_KIND_PROMPT_SUBMITTED)
    asked.prompt.tokens.extend(["deploy", "today"])
    assert await texts(library, asked) == []
    asked.prompt.tokens.append("tool")
    assert await texts(library, asked) == ["lesson 1"]


async def test_another_project_is_never_advised(library: Library) -> None:
    await put(library, lesson(1, project_id=OTHER_PROJECT))
    assert await texts(library, moment(moments.MOMENT_KIND_CALL_PROPOSED, 1)) == []


async def test_what_works_by_now_is_kept_for_the_failure_only(library: Library) -> None:
    await put(library, lesson(1, worked_since=True))
    assert await texts(library, moment(moments.MOMENT_KIND_CALL_PROPOSED, 1)) == []
    assert await texts(library, moment(moments.MOMENT_KIND_CALL_FAILED, 1)) == ["lesson 1"]


async def test_stale_invalid_and_retired_packets_are_not_found(library: Library) -> None:
    await put(library, lesson(1), lesson(2))
    await library.invalidate("local", f"{1:032x}", "wrong")
    await put(library, lesson(2, state=lessons.LESSON_STATE_RETIRED, revision=2, retired_reason="worked since"))
    old = packet_of(lesson(3))
    old.fresh_until.FromDatetime(NOW - timedelta(days=1))
    await library.put("local", old)
    for number in (1, 2, 3):
        assert await texts(library, moment(moments.MOMENT_KIND_CALL_PROPOSED, number)) == []
    status = dict(await library.status("local", PROJECT))
    assert status == {"total": 3, "fresh": 0, "stale": 1, "invalidated": 2}
    with pytest.raises(NotFound):
        await library.invalidate("local", "none", "wrong")


async def test_an_older_revision_never_overwrites_a_newer_one(library: Library) -> None:
    await put(library, lesson(1, text="new", revision=3))
    await put(library, lesson(1, text="old", revision=2))
    assert await texts(library, moment(moments.MOMENT_KIND_CALL_PROPOSED, 1)) == ["new"]
    await put(library, lesson(1, state=lessons.LESSON_STATE_RETIRED, revision=4))
    await put(library, lesson(1, text="old", revision=2))
    assert await texts(library, moment(moments.MOMENT_KIND_CALL_PROPOSED, 1)) == []
    await put(library, lesson(1, text="again", revision=5))
    assert await texts(library, moment(moments.MOMENT_KIND_CALL_PROPOSED, 1)) == ["again"]


async def test_a_late_retirement_does_not_undo_a_revival(library: Library) -> None:
    await put(library, lesson(1, text="again", revision=5))
    await put(library, lesson(1, state=lessons.LESSON_STATE_RETIRED, revision=4))
    assert await texts(library, moment(moments.MOMENT_KIND_CALL_PROPOSED, 1)) == ["again"]


async def test_sixteen_written_together_are_all_kept(library: Library) -> None:
    stored = await asyncio.gather(*(library.put("local", packet_of(lesson(number))) for number in range(16)))
    assert stored == [True] * 16
    assert (await library.status("local", PROJECT))["fresh"] == 16


async def test_of_two_claims_on_the_same_state_one_is_granted(library: Library) -> None:
    await put(library, lesson(1))
    asked = moment(moments.MOMENT_KIND_CALL_PROPOSED, 1, tool_use_id="c1")
    granted = await asyncio.gather(*(library.claim(asked, 0, [f"{1:032x}"]) for _ in range(8)))
    assert sorted(granted) == [False] * 7 + [True]
    gate = (await library.find(asked, 0)).gate
    assert (gate.version, gate.emitted) == (1, 1)
    assert {shown.key for shown in gate.shown} == {f"{1:032x}/ahead", f"{1:032x}#c1"}
    assert {shown.key for shown in gate.tools} == {"Bash"}
    again = await library.claim(asked, 1, [f"{1:032x}"])
    assert again
    assert (await library.find(asked, 0)).gate.emitted == 2


async def test_sessions_do_not_share_a_gate(library: Library) -> None:
    await put(library, lesson(1))
    assert await library.claim(moment(moments.MOMENT_KIND_CALL_PROPOSED, 1), 0, ["p"])
    other = moment(moments.MOMENT_KIND_CALL_PROPOSED, 1, session="other")
    assert (await library.find(other, 0)).gate.version == 0


async def test_forgetting(library: Library) -> None:
    await put(library, lesson(1), lesson(2, project_id=OTHER_PROJECT))
    await library.claim(moment(moments.MOMENT_KIND_CALL_PROPOSED, 1), 0, ["p"])
    assert await library.forget_session("local", "s") == 1
    assert await library.forget_project("local", PROJECT) >= 2
    assert (await library.status("local", ""))["total"] == 1
    await put(library, lesson(2, project_id=OTHER_PROJECT, state=lessons.LESSON_STATE_FORGOTTEN, revision=9))
    assert (await library.status("local", ""))["total"] == 0
