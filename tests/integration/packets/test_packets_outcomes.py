"""From advice and the calls after it to score, stage and rank, on a real Postgres."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from chassis.database import Database
from services.packets.feedback import Feedback
from services.packets.learning import QUIET, Learning
from services.packets.library import Library
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2 as moments
from spark.packets.v1 import advice_pb2 as pb
from spark.router.v1 import router_pb2
from tests.integration.packets.conftest import SetClock
from tests.integration.packets.lessons import NOW, lesson, moment, put, texts
from tests.integration.packets.session import ENDED, FAILED, NEW, PROPOSED, WORKED, Session, claimed


async def packet(database: Database, number: int) -> dict[str, Any]:
    async with database.connection() as connection:
        row = await connection.fetchrow("select * from packets.packet where packet_id = $1", f"{number:032x}")
    assert row is not None
    return dict(row)


async def states(feedback: Feedback) -> list[pb.AdviceState.ValueType]:
    """What became of all advice, oldest first."""
    return [advice.state for advice in await feedback.given("local", "", "", [], 0)][::-1]


async def test_advice_that_is_followed_and_works_raises_its_packet(
    library: Library, learning: Learning, feedback: Feedback, database: Database
) -> None:
    same = {"target": "tool run", "signature": ""}
    await put(library, lesson(1, **same), lesson(2, confidence=0.75, **same))
    asked = moment(PROPOSED, target="tool run")
    assert await texts(library, asked) == ["lesson 2", "lesson 1"]
    session = Session()
    await learning.hear_decisions([session.advised(1)])
    assert await states(feedback) == [pb.ADVICE_STATE_OPEN]
    await learning.hear_moments([session.returned(), session.returned(NEW)])
    assert await states(feedback) == [pb.ADVICE_STATE_FOLLOWED_WORKED]
    kept = await packet(database, 1)
    assert (kept["followed_worked_count"], kept["stage"]) == (1, pb.STAGE_CANDIDATE)
    assert kept["effectiveness_score"] == pytest.approx(2 / 3)
    assert await texts(library, asked) == ["lesson 1", "lesson 2"]
    # Announced anew it keeps what is known of it, and its place.
    await put(library, lesson(1, revision=2, **same))
    assert (await packet(database, 1))["effectiveness_score"] == pytest.approx(2 / 3)
    assert await texts(library, asked) == ["lesson 1", "lesson 2"]
    async with database.connection() as connection:
        ranks = await connection.fetch("select distinct rank from packets.packet_key where packet_id = $1", f"{1:032x}")
    assert [row["rank"] for row in ranks] == [pytest.approx(0.7 + 2 / 3)]
    # What it advises now is something else, of which nothing is known.
    other = lesson(1, revision=3, **same)
    other.fix.worked = "tool run --newest"
    await put(library, other)
    assert (await packet(database, 1))["effectiveness_score"] == 0.5


@pytest.mark.parametrize("late", [False, True], ids=["in time", "heard of after the calls"])
async def test_what_comes_again_or_late_counts_once(
    library: Library, learning: Learning, feedback: Feedback, database: Database, late: bool
) -> None:
    await put(library, lesson(1))
    session = Session()
    before = session.returned(NEW)
    advised = [session.advised(1), session.advised(1)]
    calls = [session.returned(), session.returned("tool run --x1", FAILED), *(session.returned() for _ in range(9))]
    first, then = learning.hear_decisions, learning.hear_moments
    for _ in range(2):
        await then([before])
        if late:
            await then(calls[:4])
        await first(advised)
        await then(calls[:4])
        await then(calls[4:])
    assert await states(feedback) == [pb.ADVICE_STATE_IGNORED_FAILED] * 2
    kept = await packet(database, 1)
    assert kept["ignored_failed_count"] == 2
    assert kept["help"] == pytest.approx(0.5)


async def test_two_replicas_at_the_same_instant_count_once(
    library: Library, learning: Learning, feedback: Feedback, database: Database
) -> None:
    await put(library, lesson(1))
    session = Session()
    advised, call = session.advised(1), session.returned(NEW)
    await asyncio.gather(
        *(learning.hear_decisions([advised]) for _ in range(3)), *(learning.hear_moments([call]) for _ in range(3))
    )
    assert await states(feedback) == [pb.ADVICE_STATE_FOLLOWED_WORKED]
    assert (await packet(database, 1))["followed_worked_count"] == 1


async def test_what_was_withheld_or_imported_is_not_followed(learning: Learning, feedback: Feedback) -> None:
    session = Session()
    withheld = session.advised(1, text="", silence=router_pb2.SILENCE_CONTROL_ARM)
    await learning.hear_decisions([withheld, session.advised(1, silence=router_pb2.SILENCE_EMIT_OFF)])
    assert await states(feedback) == []
    await learning.hear_decisions([session.advised(1)])
    made = moments.MomentObserved.FromString(session.returned(NEW).data)
    made.moment.envelope.origin = moments.ORIGIN_IMPORT
    imported = session.returned()
    await learning.hear_moments([type(imported)(made.SerializeToString(), 1, "")])
    assert await states(feedback) == [pb.ADVICE_STATE_OPEN]


async def test_what_nobody_can_tell_is_closed_at_the_end_of_the_session_or_after_an_hour(
    library: Library, learning: Learning, feedback: Feedback, database: Database, clock: SetClock
) -> None:
    await put(library, lesson(1))
    ended, quiet, busy = Session("ended"), Session("quiet"), Session("busy", at=NOW + QUIET)
    await learning.hear_decisions([ended.advised(1), quiet.advised(1)])
    await learning.hear_moments([ended.returned(kind=ENDED)])
    assert sorted(await states(feedback)) == [pb.ADVICE_STATE_OPEN, pb.ADVICE_STATE_UNKNOWN]
    clock.time = NOW + timedelta(days=1)
    await learning.hear_moments([busy.returned(), busy.returned(), busy.returned()])
    assert await states(feedback) == [pb.ADVICE_STATE_UNKNOWN] * 2
    kept = await packet(database, 1)
    assert (kept["unknown_count"], kept["effectiveness_score"]) == (2, 0.5)


async def test_advice_that_fails_when_followed_ends_in_its_session_and_is_then_turned_into_a_warning(
    library: Library, learning: Learning, database: Database
) -> None:
    advising = lesson(1)
    advising.fix.kind, advising.fix.worked = lesson_pb2.FIX_KIND_CHANGED_ARGUMENTS, NEW
    await put(library, advising)
    asked = moment(PROPOSED, 1)
    for session in (Session("one"), Session("two")):
        await claimed(library, session.name, 1)
        await learning.hear_decisions([session.advised(1)])
        await learning.hear_moments([session.returned(NEW, FAILED)])
        gate = (await library.find(moment(PROPOSED, 1, session=session.name), 0)).gate
        assert list(gate.unwanted) == [f"{1:032x}"]
        assert not await library.claim(moment(PROPOSED, session=session.name), gate.version - 1, ["other"])
    found = (await library.find(asked, 0)).candidates[0].packet
    assert found.stage == pb.STAGE_WARNING
    assert found.text == "What was advised here before did not work: lesson 1"
    assert not found.lesson.HasField("fix")
    assert found.effectiveness_score < 0.15


async def test_a_users_own_words_are_another_piece_of_advice(library: Library, learning: Learning) -> None:
    await put(library, lesson(1))
    for session in (Session("one"), Session("two")):
        await learning.hear_decisions([session.advised(1)])
        await learning.hear_moments([session.returned(NEW, FAILED)])
    asked = moment(PROPOSED, 1)
    assert await texts(library, asked) == []
    await put(library, lesson(1, revision=2, text="Ask Ann.", revised=True))
    assert await texts(library, asked) == ["Ask Ann."]
    await put(library, lesson(1, revision=3, state=lesson_pb2.LESSON_STATE_RETIRED, retired_by_user=True))
    assert await texts(library, asked) == []
    await put(library, lesson(1, revision=4, text="Ask Ann.", revised=True))
    assert await texts(library, asked) == ["Ask Ann."]


async def test_advice_that_never_comes_true_is_retired_and_comes_back_when_that_has_faded(
    library: Library, learning: Learning, feedback: Feedback, database: Database, clock: SetClock
) -> None:
    await put(library, lesson(1))
    session, asked = Session(), moment(PROPOSED, 1)
    for _ in range(31):
        await learning.hear_decisions([session.advised(1)])
        await learning.hear_moments([session.returned() for _ in range(5)])
    assert set(await states(feedback)) == {pb.ADVICE_STATE_IGNORED_FINE}
    assert (await packet(database, 1))["stage"] == pb.STAGE_RETIRED
    assert await texts(library, asked) == []
    await put(library, lesson(1, revision=2))
    assert await texts(library, asked) == [], "that its lesson is met again says nothing of its advice"
    clock.time = NOW + timedelta(days=200)
    later = Session("later", at=NOW + timedelta(days=180))
    await learning.hear_moments([later.returned()])
    assert (await packet(database, 1))["stage"] == pb.STAGE_CANDIDATE
    fresh = lesson(1, revision=3)
    fresh.provenance.last_seen.FromDatetime(later.at)
    await put(library, fresh)
    assert await texts(library, asked) == ["lesson 1"]


async def test_an_edit_takes_what_tells_of_the_file_out_of_use(library: Library, learning: Learning) -> None:
    about = {"tool": "Edit", "target": "src/a.py", "target_class": ".py", "program": ""}
    ambiguous = {**about, "failure_class": "edit.ambiguous_match", "signature": ""}
    unread = {**about, "failure_class": "edit.not_read_first", "signature": ""}
    await put(library, lesson(1, **ambiguous), lesson(2, **unread), lesson(3, **{**ambiguous, "target": "src/b.py"}))
    asked = moment(PROPOSED, tool="Edit", target="src/a.py", target_class=".py", program="")
    assert sorted(await texts(library, asked)) == ["lesson 1", "lesson 2"]
    session = Session()
    edit = {"tool": "Edit", "target_class": ".py", "program": ""}
    await learning.hear_moments(
        [session.returned("src/a.py", FAILED, **edit), session.returned("src/a.py", tool="Read")]
    )
    assert sorted(await texts(library, asked)) == ["lesson 1", "lesson 2"]
    edited = session.returned("src/a.py", WORKED, **edit)
    for _ in range(2):
        await learning.hear_moments([edited])
        assert await texts(library, asked) == ["lesson 2"]
    # Told again for another reason it is as old as before; seen again it is true again.
    await put(library, lesson(1, revision=2, **ambiguous))
    assert await texts(library, asked) == ["lesson 2"]
    again = lesson(1, revision=3, **ambiguous)
    again.provenance.last_seen.FromDatetime(session.at)
    await put(library, again)
    await learning.hear_moments([edited])
    assert sorted(await texts(library, asked)) == ["lesson 1", "lesson 2"]


async def test_forgetting_erases_advice_and_calls(
    library: Library, learning: Learning, feedback: Feedback, database: Database
) -> None:
    for name in ("one", "two"):
        session = Session(name)
        await learning.hear_decisions([session.advised(1)])
        await learning.hear_moments([session.returned()])
    assert await library.forget_session("local", "one") == 2
    assert [advice.session_id for advice in await feedback.given("local", "", "", [], 0)] == ["two"]
    assert await library.forget_project("local", "a" * 16) == 3
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from packets.recent_calls") == 0
