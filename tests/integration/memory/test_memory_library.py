"""Memory on a real Postgres and a real bus: learnt once, announced once, forgotten for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import asyncpg
import pytest

from chassis.identifiers import digest
from services.memory.model import Kind, Span
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2 as m
from tests.integration.memory.learner import FAILS, PROJECT, START, WORKS, Memory, learning, moment


@pytest.fixture
async def memory(database_url: str, bus_url: str) -> AsyncGenerator[Memory]:
    async with learning(database_url, bus_url) as memory:
        yield memory


async def test_a_lesson_is_kept_and_announced(memory: Memory) -> None:
    await memory.hears(FAILS)
    await memory.hears(WORKS)
    (lesson,) = await memory.lessons()
    (announced,) = await memory.announcements(1)
    assert lesson.kind is Kind.FAILURE_FIX
    assert announced.text == lesson.text
    assert announced.fix.worked == "tool go --b x"
    assert list(announced.provenance.tool_use_ids) == ["s1-1", "s1-2"]


async def test_the_same_events_teach_nothing_twice(memory: Memory) -> None:
    for _ in range(3):
        await memory.hears(FAILS, WORKS, FAILS)
    (lesson,) = await memory.lessons()
    assert lesson.provenance.occurrences == 1
    assert [told.revision for told in await memory.announcements(1)] == [lesson.revision]


async def test_two_learners_at_once_lose_nothing(memory: Memory) -> None:
    sessions = [f"s{number}" for number in range(12)]
    stories = [
        [moment(1, "tool go --a x", failed=True, session=s), moment(2, "tool go --b x", session=s)] for s in sessions
    ]
    await asyncio.gather(*(memory.hears(*story) for story in stories))
    (lesson,) = await memory.lessons()
    assert lesson.provenance.occurrences == 12
    assert lesson.provenance.fixes == 12


async def test_what_could_not_be_announced_waits_in_the_outbox(memory: Memory) -> None:
    await memory.bus.client.close()
    await memory.hears(FAILS, WORKS)
    (lesson,) = await memory.lessons()
    connection = await asyncpg.connect(memory.url)
    waiting = await connection.fetchval("select count(*) from memory.outbox")
    await connection.close()
    assert (lesson.announced, waiting) == (1, 1)


async def test_forgetting_a_session_withdraws_what_rests_on_it_alone(memory: Memory) -> None:
    await memory.hears(FAILS, WORKS)
    await memory.hears(
        moment(1, "tool fly --c x", failed=True, session="s2"), moment(2, "tool fly --d x", session="s2")
    )
    gone = await memory.library.forget_session("local", "s2")
    assert gone.lessons == 1
    (left,) = await memory.lessons()
    assert left.fix is not None
    assert left.fix.worked == "tool go --b x"
    forgotten = (await memory.announcements(3))[-1]
    assert forgotten.state == lesson_pb2.LESSON_STATE_FORGOTTEN
    assert forgotten.text == ""
    assert forgotten.target == ""


async def test_a_lesson_of_two_sessions_survives_one(memory: Memory) -> None:
    await memory.hears(FAILS, WORKS)
    await memory.hears(moment(5, "tool go --a x", failed=True, session="s2"), moment(6, "tool go --b x", session="s2"))
    await memory.library.forget_session("local", "s1")
    (lesson,) = await memory.lessons()
    assert lesson.provenance.sessions == ("s2",)


async def test_what_is_learnt_anew_after_forgetting_is_announced_anew(memory: Memory) -> None:
    await memory.hears(FAILS, WORKS)
    await memory.library.forget_session("local", "s1")
    await memory.hears(FAILS, WORKS)
    announced = await memory.announcements(3)
    states = [lesson_pb2.LESSON_STATE_ACTIVE, lesson_pb2.LESSON_STATE_FORGOTTEN, lesson_pb2.LESSON_STATE_ACTIVE]
    assert [told.state for told in announced] == states
    revisions = [told.revision for told in announced]
    assert revisions == sorted(set(revisions))


async def test_no_word_of_a_forgotten_session_stays(memory: Memory) -> None:
    prompt = m.Moment(kind=m.MOMENT_KIND_PROMPT_SUBMITTED, envelope=moment(1, "-", session="s2").envelope)
    prompt.prompt.tokens.append("zebra")
    await memory.hears(FAILS, WORKS, prompt)
    other = [moment(2, "tool zebra"), moment(3, "tool go --a y", failed=True), moment(4, "tool go --zebra y")]
    for one in other:
        one.envelope.session_id = "s2"
        one.envelope.event_id = digest("s2", one.envelope.event_id)
    await memory.hears(*other)
    await memory.hears(moment(5, "tool go --a x", failed=True), moment(6, "tool go --b x"))
    kept = "select body::text from memory.lesson"
    connection = await asyncpg.connect(memory.url)
    assert "zebra" in await connection.fetchval(kept)
    await memory.library.forget_session("local", "s2")
    body = await connection.fetchval(kept)
    await connection.close()
    assert ("zebra" in body, '"s2"' in body) == (False, False)
    (lesson,) = await memory.lessons()
    assert lesson.fix is not None
    assert lesson.fix.worked == "tool go --b x"


async def test_a_time_to_come_makes_no_lesson_immortal(memory: Memory) -> None:
    ahead = [moment(1, "tool go --a x", failed=True), moment(2, "tool go --b x")]
    for one in ahead:
        one.envelope.occurred_at.FromDatetime(START + timedelta(days=9000))
    await memory.hears(*ahead)
    (lesson,) = await memory.lessons()
    assert lesson.provenance.last_seen == START + timedelta(minutes=2)
    await memory.hears(moment(3, "tool go --a x"))
    assert await memory.lessons() == []


async def test_a_fix_that_fails_in_a_later_batch_is_doubted(memory: Memory) -> None:
    await memory.hears(FAILS, WORKS)
    for number in (3, 4):
        again = moment(number, "tool go --b x", failed=True, session="s2")
        again.outcome.failure_class, again.outcome.signature = "shell.syntax", "near x"
        await memory.hears(again)
    assert "`tool go --a x`" not in " ".join(lesson.text for lesson in await memory.lessons())
    # Both lessons, each as it began and as it stands.
    announced = [told for told in await memory.announcements(4) if told.target == "tool go --a x"]
    assert announced[-1].state == lesson_pb2.LESSON_STATE_RETIRED
    assert announced[-1].retired_reason == "its fix has failed since"


async def test_a_call_told_of_twice_came_back_once(memory: Memory) -> None:
    await memory.hears(moment(1, "cat NOTES.md"))
    for kind in (m.MOMENT_KIND_CALL_REJECTED, m.MOMENT_KIND_CALL_FAILED):
        forged = moment(1, "cat NOTES.md")
        forged.kind, forged.envelope.event_id = kind, digest("forged", str(kind))
        forged.outcome.user_reason, forged.outcome.failure_class, forged.outcome.mistake = "run this", "tool.x", True
        await memory.hears(forged)
    connection = await asyncpg.connect(memory.url)
    assert await connection.fetchval("select count(*) from memory.lesson") == 0
    await connection.close()


async def test_forgetting_a_project_leaves_nothing_of_it(memory: Memory) -> None:
    await memory.hears(FAILS, WORKS)
    gone = await memory.library.forget_project("local", PROJECT)
    assert gone.lessons == 1
    connection = await asyncpg.connect(memory.url)
    for table in ("learnt", "session_state", "lesson", "call_key", "outbox"):
        assert await connection.fetchval(f"select count(*) from memory.{table}") == 0, table
    await connection.close()
    await memory.hears(FAILS, WORKS)
    assert len(await memory.lessons()) == 1, "what is seen anew is learnt anew"


async def test_lessons_come_in_pages(memory: Memory) -> None:
    for number in range(5):
        failed = moment(number * 2 + 1, f"tool run{number} --a x", failed=True)
        await memory.hears(failed, moment(number * 2 + 2, f"tool run{number} --b x"))
    first, total = await memory.library.lessons("local", PROJECT, retired=False, limit=2, before=None)
    last = first[-1]
    rest, _ = await memory.library.lessons(
        "local", PROJECT, retired=False, limit=9, before=(last.provenance.last_seen, last.lesson_id)
    )
    assert total == 5
    assert [len(first), len(rest)] == [2, 3]
    seen = [lesson.provenance.last_seen for lesson in (*first, *rest)]
    assert seen == sorted(seen, reverse=True)


def live(number: int) -> m.Moment:
    made = moment(number, f"tool go {number}")
    made.envelope.origin = m.ORIGIN_LIVE
    return made


def imported(number: int) -> m.Moment:
    made = moment(number, f"tool go {number}")
    made.envelope.origin = m.ORIGIN_IMPORT
    return made


def span(began: float, ended: float, session: str = "s1") -> Span:
    """Minutes from the start."""
    return Span(session, START + timedelta(minutes=began), START + timedelta(minutes=ended))


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (span(9.9, 10.1), True),
        (span(5, 15), True),
        (span(8.5, 9), True),
        (span(11, 11.5), True),
        (span(8, 8.9), False),
        (span(11.1, 12), False),
        (span(20, 20), False),
        (span(9.9, 10.1, "s2"), False),
    ],
)
async def test_a_span_is_seen_where_something_live_lies_in_it_or_within_a_minute(
    memory: Memory, asked: Span, seen: bool
) -> None:
    await memory.hears(live(10), imported(20))
    found = await memory.library.find_seen_live("local", [span(20, 20), asked])
    assert found == ([1] if seen else [])


async def test_another_workspace_saw_nothing(memory: Memory) -> None:
    await memory.hears(live(10))
    assert await memory.library.find_seen_live("other", [span(9, 11)]) == []


async def test_what_was_forgotten_was_not_seen(memory: Memory) -> None:
    await memory.hears(live(10))
    await memory.library.forget_session("local", "s1")
    assert await memory.library.find_seen_live("local", [span(9, 11)]) == []


async def test_a_session_of_before_times_were_kept_counts_as_seen(memory: Memory) -> None:
    await memory.hears(imported(10))
    connection = await asyncpg.connect(memory.url)
    await connection.execute("update memory.learnt set live_at = '-infinity'")
    await connection.close()
    assert await memory.library.find_seen_live("local", [span(500, 600), span(500, 600, "s2")]) == [0]
