"""Recalling what was said: the right entry, of the right conversation, also after a restart."""

from __future__ import annotations

import asyncio

from services.memory.context import compression, context_of
from tests.integration.memory.conftest import Memory, StartMemory, said, stopped


async def test_the_bike_is_recalled_after_a_restart(start: StartMemory) -> None:
    before = await start()
    before.says("My bike is turquoise.")
    before.says("My car is red.", session="s2")
    await stopped(before)
    after = await start()
    assert await after.texts() == ["My bike is turquoise."]
    found = await after.recalls("What colour is my bike?")
    assert [(hit.entry.text, hit.found_by) for hit in found.hits] == [("My bike is turquoise.", "lexical")]
    assert 0 < found.hits[0].score <= 1
    for other in ("s2", "s3"):
        assert (await after.recalls("What colour is my bike?", session=other)).hits == ()
    assert (await after.recalls("What colour is my bike?", workspace="other")).hits == ()
    assert await after.rows() == 2


async def test_what_waits_to_be_written_is_recalled(memory: Memory) -> None:
    memory.says("The meeting is on Thursday.", "Bring the blue folder.")
    found = await memory.recalls("when do we meet? which meetings?", last=1)
    assert [hit.entry.text for hit in found.hits] == ["The meeting is on Thursday."]
    assert [entry.text for entry in found.last] == ["Bring the blue folder."]


async def test_others_wait_on_while_one_conversation_is_read(memory: Memory) -> None:
    memory.says("first")
    memory.says("second", session="s2")
    await memory.recalls("first")
    assert (await memory.rows(), memory.write_behind.waiting) == (1, 1)


async def test_nothing_is_recalled_where_nothing_is_about_it(memory: Memory) -> None:
    memory.says("My bike is turquoise.")
    for text in ("", "What is it?", "How tall is the tower?"):
        assert (await memory.recalls(text)).hits == ()


async def test_the_question_itself_is_no_answer(memory: Memory) -> None:
    memory.says("My bike is turquoise.", *["What colour is my bike?"] * 6, "what COLOUR is my bike ?")
    found = await memory.recalls("What colour is my bike?")
    assert [hit.entry.text for hit in found.hits] == ["My bike is turquoise."]
    statement = await memory.recalls("My bike is turquoise.")
    assert statement.hits[0].entry.text == "My bike is turquoise."


async def test_of_two_as_near_the_later_comes_first(memory: Memory) -> None:
    memory.says("The code is 1234 today.", "We had tea.", "The code is 5678 today.")
    found = await memory.recalls("What is the code?")
    assert [hit.entry.text for hit in found.hits] == ["The code is 5678 today.", "The code is 1234 today."]


async def test_terms_of_another_version_are_made_again(memory: Memory) -> None:
    memory.says("My bike is turquoise.", "We had tea.")
    await memory.conversations.flush()
    async with memory.database.connection() as connection:
        await connection.execute("update memory.entry set terms = '{outdated}', terms_version = 0")
    found = await memory.recalls("What colour are bikes?")
    assert [hit.entry.text for hit in found.hits] == ["My bike is turquoise."]
    assert (await memory.recalls("outdated")).hits == ()


async def test_the_context_is_measured_against_the_conversation(memory: Memory) -> None:
    memory.says("My bike is turquoise.", *[f"Nothing of note on day {day}." for day in range(20)])
    whole = sum(map(len, await memory.texts()))
    found = await memory.recalls("What colour is my bike?", last=3)
    given = [entry.text for entry in context_of(found)]
    assert given == ["My bike is turquoise.", *[f"Nothing of note on day {day}." for day in (17, 18, 19)]]
    assert found.conversation_characters == whole
    assert compression(found) == whole / sum(map(len, given))


async def test_sixteen_conversations_at_once_know_their_own(start: StartMemory) -> None:
    memory = await start(0.02)

    async def talks(number: int) -> None:
        session = f"session-{number}"
        for day in range(20):
            memory.says(f"My secret word of day {day} is word{number}x{day}.", session=session)
            found = await memory.recalls(f"Which secret word had day {day}?", session=session, last=3)
            assert f"word{number}x{day}." in found.hits[0].entry.text
            for entry in (*(hit.entry for hit in found.hits), *found.last):
                assert f"word{number}x" in entry.text

    await asyncio.gather(*(talks(number) for number in range(16)))
    assert await memory.rows() == 320
    for number in range(16):
        expected = [f"My secret word of day {day} is word{number}x{day}." for day in range(20)]
        assert await memory.texts(f"session-{number}") == expected


async def test_a_workspace_cannot_take_an_entry_from_another(memory: Memory) -> None:
    mine = said("kettle")
    theirs = said("teapot", workspace="other", entry_id=mine.entry_id)
    memory.conversations.remember([mine, theirs])
    assert await memory.texts() == ["kettle"]
    assert await memory.rows() == 1, "reading one workspace writes nothing of another"
    assert [hit.entry.text for hit in (await memory.recalls("teapot", workspace="other")).hits] == ["teapot"]
