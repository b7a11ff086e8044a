"""Recall by meaning: made behind the reply, never another model's, erased with what it was made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta

import numpy as np
import pytest

from services.memory.archive import Archive
from services.memory.conversations import Conversations
from services.memory.entries import Conversation
from services.memory.likeness import Floats
from services.memory.meaning import Meaning, Model, load, model_name
from tests.integration.memory.conftest import Memory, StartMemory, said, until
from tests.weights import needs_weights

TOPICS = (("bike", "bicycle", "cycle"), ("car", "vehicle"), ("tea", "drink"))
"""Words of one line mean the same."""


class Words:
    """A model that knows a few words, and counts what it was asked."""

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        self.embedded += texts
        rows = [[float(any(word in text.lower() for word in topic)) for topic in TOPICS] + [0.1] for text in texts]
        made = np.array(rows, np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)


Attach = Callable[[Memory, Callable[[], Model], str], Meaning]


@pytest.fixture
async def attach() -> AsyncGenerator[Attach]:
    """Gives a memory a model."""
    attached: list[Meaning] = []

    def attaching(memory: Memory, loading: Callable[[], Model], name: str) -> Meaning:
        meaning = Meaning(memory.database, name, loading)
        memory.conversations = Conversations(memory.database, memory.write_behind, memory.clock, meaning)
        attached.append(meaning)
        return meaning

    yield attaching
    for meaning in attached:
        await meaning.stop()


async def vectors(memory: Memory, session: str = "s1") -> dict[str, str]:
    """The model of each entry's vector, by its text."""
    async with memory.database.connection() as connection:
        rows = await connection.fetch(
            """select entry.text, known.model from memory.entry_vector as known
               join memory.entry using (workspace_id, entry_id) where session_id = $1""",
            session,
        )
    return {row[0]: row[1] for row in rows}


async def test_other_words_for_the_same_are_found(memory: Memory, attach: Attach) -> None:
    meaning = attach(memory, Words, "words 1")
    memory.says("My bicycle is turquoise.", "My car is red.", "I like tea.", "The bike was dear.")
    memory.says("Another bike.", session="s2")
    await memory.conversations.flush()
    assert await meaning.fill() == 5
    found = await memory.recalls("Which bike?")
    assert found.semantic
    assert [(hit.entry.text, hit.found_by) for hit in found.hits] == [
        ("The bike was dear.", "both"),
        ("My bicycle is turquoise.", "semantic"),
    ]
    assert all(0 < hit.score <= 1 for hit in found.hits)
    for session in ("s3", "s2"):
        texts = [hit.entry.text for hit in (await memory.recalls("Which vehicle?", session=session)).hits]
        assert texts == []
    assert (await memory.recalls("Which bike?", workspace="other")).hits == ()
    assert (await memory.recalls(" ")).semantic is False


async def test_what_has_no_vector_yet_is_found_by_its_terms(memory: Memory, attach: Attach) -> None:
    attach(memory, Words, "words 1")
    memory.says("The bike was dear.")
    found = await memory.recalls("Which bike?")
    assert [(hit.entry.text, hit.found_by) for hit in found.hits] == [("The bike was dear.", "lexical")]
    assert found.semantic


async def test_vectors_are_made_by_themselves_and_after_a_restart(start: StartMemory, attach: Attach) -> None:
    memory = await start()
    memory.says("My bicycle is turquoise.")
    await memory.conversations.flush()
    model = Words()
    meaning = attach(memory, lambda: model, "words 1")
    await meaning.start()

    def has(count: int) -> Callable[[], Awaitable[bool]]:
        async def had() -> bool:
            return len(await vectors(memory)) == count

        return had

    await until(has(1), "what an earlier process left is embedded")
    memory.says("My car is red.")
    await memory.conversations.flush()
    meaning.entries_written()
    await until(has(2), "what is new is embedded")
    assert model.embedded == ["My bicycle is turquoise.", "My car is red."]


async def test_vectors_of_another_model_are_never_compared(memory: Memory, attach: Attach) -> None:
    memory.says("My bicycle is turquoise.")
    await memory.conversations.flush()
    assert await attach(memory, Words, "words 1").fill() == 1
    newer = attach(memory, Words, "words 2")
    assert (await memory.recalls("Which bike?")).hits == ()
    assert await newer.fill() == 1
    assert await vectors(memory) == {"My bicycle is turquoise.": "words 2"}
    assert [hit.found_by for hit in (await memory.recalls("Which bike?")).hits] == ["semantic"]


async def test_vectors_go_with_what_they_were_made_of(memory: Memory, attach: Attach) -> None:
    meaning = attach(memory, Words, "words 1")
    memory.conversations.remember([said("old bike", age=timedelta(days=40)), said("new bike")])
    memory.says("their bike", session="s2")
    await memory.conversations.flush()
    await meaning.fill()
    await Archive(memory.database, memory.clock, timedelta(days=30)).sweep()
    assert await vectors(memory) == {"new bike": "words 1"}
    await memory.conversations.forget(Conversation("local", "s1"))
    assert (await vectors(memory), await vectors(memory, "s2")) == ({}, {"their bike": "words 1"})


async def test_an_entry_that_is_forgotten_while_it_is_embedded_leaves_no_vector(memory: Memory, attach: Attach) -> None:
    memory.says("My bicycle is turquoise.")
    await memory.conversations.flush()

    class Slow(Words):
        """Is asked for vectors of what is gone by then."""

        def embed(self, texts: Sequence[str]) -> Floats:
            asyncio.run_coroutine_threadsafe(forget(), loop).result(10)
            return super().embed(texts)

    async def forget() -> None:
        await memory.conversations.forget(Conversation("local", "s1"))

    loop = asyncio.get_running_loop()
    await attach(memory, Slow, "words 1").fill()
    assert await vectors(memory) == {}


async def test_a_model_that_cannot_be_had_is_done_without(memory: Memory, attach: Attach) -> None:
    def broken() -> Model:
        raise OSError("the weights cannot be read")

    attach(memory, broken, "words 1")
    memory.says("The bike was dear.")
    found = await memory.recalls("Which bike?")
    assert (found.semantic, [hit.found_by for hit in found.hits]) == (False, ["lexical"])


@needs_weights
async def test_the_bike_is_recalled_with_embeddings(start: StartMemory, attach: Attach) -> None:
    before = await start()
    before.says("My bike is turquoise.")
    before.says("The meeting is on Thursday.", session="s2")
    await attach(before, load, model_name()).start()
    await before.conversations.flush()
    after = await start()
    assert await attach(after, load, model_name()).fill() >= 0
    found = await after.recalls("What colour is my bike?")
    assert found.semantic
    assert [(hit.entry.text, hit.found_by) for hit in found.hits] == [("My bike is turquoise.", "both")]
    in_other_words = await after.recalls("Which shade does the thing that I cycle on have?")
    assert [(hit.entry.text, hit.found_by) for hit in in_other_words.hits] == [("My bike is turquoise.", "semantic")]
    assert (await after.recalls("What colour is my bike?", session="s2")).hits == ()
    assert await after.rows() == 2
