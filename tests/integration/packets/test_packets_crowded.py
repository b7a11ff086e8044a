"""Packets among many others under the same keys: the one that fits best is found, and what is stale hides nothing."""

from __future__ import annotations

from datetime import timedelta

import asyncpg

from services.packets.library import FRESH_FOR, Library
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2 as moments
from tests.integration.packets.lessons import NOW, lesson, moment, put, texts

CROWD = 60
"""More than are looked at under one exact key, and than a lookup returns."""


async def test_what_has_all_words_in_common_is_found_among_many_that_have_one(library: Library) -> None:
    words = [f"common{number}" for number in range(6)]
    crowd = [
        worded(number * CROWD + each, [word, f"other{number}x{each}"], confidence=0.9)
        for number, word in enumerate(words)
        for each in range(CROWD)
    ]
    await put(library, *crowd, worded(9999, words, confidence=0.2))
    asked = moment(moments.MOMENT_KIND_PROMPT_SUBMITTED)
    asked.prompt.tokens.extend(words)
    assert await texts(library, asked) == ["lesson 9999"]


async def test_what_is_stale_does_not_stand_before_what_is_fresh(library: Library) -> None:
    same = {"target": "tool run", "signature": ""}
    old = [lesson(number, confidence=0.9, **same) for number in range(CROWD)]
    for each in old:
        each.provenance.last_seen.FromDatetime(NOW - FRESH_FOR - timedelta(hours=1))
    # Heard as of their own time, so that they are stale and not yet swept.
    await put(library, *old)
    await put(library, lesson(9999, confidence=0.2, **same))
    asked = moment(moments.MOMENT_KIND_CALL_PROPOSED, target="tool run")
    assert await texts(library, asked) == ["lesson 9999"]


async def test_keys_of_what_is_stale_are_swept_by_the_time_of_what_is_heard(
    library: Library, database_url: str
) -> None:
    old, last_year = lesson(1), lesson(2)
    old.provenance.last_seen.FromDatetime(NOW - timedelta(days=500))
    last_year.provenance.last_seen.FromDatetime(NOW - timedelta(days=450))
    connection = await asyncpg.connect(database_url)

    async def filed() -> set[str]:
        return {row[0] for row in await connection.fetch("select packet_id from packets.packet_key")}

    await put(library, old)
    await put(library, last_year)
    # In a replay of last year both are fresh, whatever the clock says.
    assert filed_ids(1, 2) == await filed()
    await put(library, lesson(3))
    assert filed_ids(3) == await filed()
    far_ahead = lesson(4)
    far_ahead.provenance.last_seen.FromDatetime(NOW + timedelta(days=3650))
    await put(library, far_ahead)
    assert filed_ids(3, 4) == await filed()
    # Met again it is filed again.
    await put(library, lesson(1, revision=2))
    assert filed_ids(1, 3, 4) == await filed()
    await connection.close()


def worded(number: int, words: list[str], *, confidence: float) -> lesson_pb2.Lesson:
    """A lesson about these words."""
    made = lesson(number, confidence=confidence)
    made.tokens[:] = words
    return made


def filed_ids(*numbers: int) -> set[str]:
    return {f"{number:032x}" for number in numbers}
