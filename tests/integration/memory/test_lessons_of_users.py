"""What users say of lessons, on a real Postgres and bus: their words stand, and what they retire stays retired."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial

import asyncpg
import pytest

from chassis.faults import InvalidArgument, NotFound
from services.memory.lessons import BY_USER, restored, retired, revised
from services.memory.model import Lesson, State
from services.memory.wire import OWN_CHARS, own_words_from
from spark.memory.v1.lesson_pb2 import LESSON_STATE_ACTIVE, LESSON_STATE_RETIRED
from tests.integration.memory.learner import FAILS, WORKS, Memory, learning, moment

OWN = "Use `tool go --b`, ask Ann."


@pytest.fixture
async def memory(database_url: str, bus_url: str) -> AsyncGenerator[Memory]:
    async with learning(database_url, bus_url) as memory:
        await memory.hears(FAILS, WORKS)
        yield memory


async def only(memory: Memory) -> Lesson:
    (lesson,) = await memory.lessons(retired=True)
    return lesson


async def again(memory: Memory, session: str) -> None:
    """The same failure and the same fix in another session."""
    await memory.hears(
        moment(1, "tool go --a x", failed=True, session=session), moment(2, "tool go --b x", session=session)
    )


async def test_a_users_words_stand_whatever_is_learnt_until_they_are_taken_back(memory: Memory) -> None:
    learnt = await only(memory)
    said = await memory.library.change("local", learnt.lesson_id, partial(revised, own_words=OWN))
    assert (said.text, said.provenance.occurrences) == (OWN, 1)
    await again(memory, "s2")
    assert ((await only(memory)).text, (await only(memory)).provenance.occurrences) == (OWN, 2)
    await memory.library.change("local", learnt.lesson_id, partial(revised, own_words=""))
    last = await only(memory)
    assert "what worked" in last.text
    assert "2 times" in last.text
    told = await memory.announcements(4)
    assert [(each.text == OWN, each.revised) for each in told] == [
        (False, False),
        (True, True),
        (True, True),
        (False, False),
    ]
    revisions = [each.revision for each in told]
    assert revisions == sorted(set(revisions))


async def test_what_a_user_retires_is_not_brought_back_by_learning(memory: Memory) -> None:
    lesson_id = (await only(memory)).lesson_id
    await memory.library.change("local", lesson_id, retired)
    await again(memory, "s2")
    lesson = await only(memory)
    assert (lesson.state, lesson.retired_reason, lesson.provenance.occurrences) == (State.RETIRED, BY_USER, 2)
    assert await memory.lessons() == []
    back = await memory.library.change("local", lesson_id, restored)
    assert (back.state, back.retired_reason) == (State.ACTIVE, "")
    told = await memory.announcements(3)
    assert [(each.state, each.retired_by_user) for each in told] == [
        (LESSON_STATE_ACTIVE, False),
        (LESSON_STATE_RETIRED, True),
        (LESSON_STATE_ACTIVE, False),
    ]


async def test_what_was_learnt_against_a_lesson_meanwhile_counts_when_it_is_restored(memory: Memory) -> None:
    lesson_id = (await only(memory)).lesson_id
    await memory.library.change("local", lesson_id, retired)
    await memory.hears(moment(5, "tool go --a x", session="s2"))
    back = await memory.library.change("local", lesson_id, restored)
    assert (back.state, back.retired_reason) == (State.RETIRED, "the same call has worked since")
    await again(memory, "s3")
    assert (await only(memory)).state is State.ACTIVE


async def test_what_changes_nothing_is_not_announced(memory: Memory) -> None:
    lesson = await only(memory)
    for change in (restored, partial(revised, own_words="")):
        assert await memory.library.change("local", lesson.lesson_id, change) == lesson
    await memory.library.change("local", lesson.lesson_id, retired)
    assert len({each.revision for each in await memory.announcements(2)}) == 2


async def test_only_lessons_of_the_workspace_that_were_shown_can_be_changed(memory: Memory) -> None:
    lesson = await only(memory)
    await memory.hears(moment(9, "other go --a x", failed=True))
    connection = await asyncpg.connect(memory.url)
    not_shown = await connection.fetchval("select lesson_id from memory.lesson where state = 'seen'")
    await connection.close()
    for workspace, lesson_id in (("other", lesson.lesson_id), ("local", "0" * 32), ("local", not_shown)):
        with pytest.raises(NotFound):
            await memory.library.change(workspace, lesson_id, retired)
    assert await only(memory) == lesson


async def test_a_change_stands_while_the_bus_is_away(memory: Memory) -> None:
    lesson = await only(memory)
    await memory.bus.client.close()
    assert (await memory.library.change("local", lesson.lesson_id, retired)).state is State.RETIRED
    assert (await only(memory)).state is State.RETIRED


def test_a_users_words_are_one_line_that_opens_no_tag() -> None:
    assert own_words_from("") == ""
    assert own_words_from("  say <b>this</b>  ") == "say ‹b>this‹/b>"
    assert len(own_words_from("é" * OWN_CHARS)) == OWN_CHARS
    for text in ("a\nb", "a\0b", "\x1b[2J", "a\x85b", "   ", "\ufe0f\u3164"):
        with pytest.raises(InvalidArgument):
            own_words_from(text)
