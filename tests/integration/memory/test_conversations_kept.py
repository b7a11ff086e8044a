"""Writing behind the reply: each entry once, in order, bounded, and none lost while Postgres is away."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from ulid import ULID

from chassis.faults import Overloaded, ServiceUnavailable, StoreUnavailable
from chassis.identifiers import new_ulid
from chassis.migrating import migrate
from chassis.migrations import read_migrations
from host.engines import start_postgres
from services.inference.conversation import reply_id
from services.memory.archive import Archive
from services.memory.entries import Conversation
from tests.integration.memory.conftest import NOW, Memory, StartMemory, opened, said, stopped, until


async def test_what_was_said_is_written_by_itself(start: StartMemory) -> None:
    memory = await start(0.05)
    memory.says(*[f"number {number}" for number in range(200)])
    assert memory.write_behind.waiting == 200
    await until(lambda: memory.write_behind.waiting == 0, "all is written")
    assert await memory.rows() == 200
    assert await memory.texts() == [f"number {number}" for number in range(200)]


async def test_an_entry_said_again_is_kept_once_as_it_was(memory: Memory) -> None:
    one = said("as it was", entry_id=new_ulid())
    memory.conversations.remember([one, one])
    memory.conversations.remember([said("said again while it waits", entry_id=one.entry_id)])
    assert await memory.conversations.flush() == 1
    memory.conversations.remember([said("said again once written", session="s2", entry_id=one.entry_id), one])
    assert await memory.conversations.flush() == 0
    assert (await memory.rows(), await memory.texts(), await memory.texts("s2")) == (1, ["as it was"], [])


async def test_two_writers_of_the_same_entries_write_each_once(start: StartMemory) -> None:
    """In opposite orders they run into a deadlock now and then: then one of them tries again."""
    first, second = await start(0.02), await start(0.02)
    entries = [said(f"number {number}") for number in range(3000)]
    first.conversations.remember(entries)
    second.conversations.remember(list(reversed(entries)))
    await until(lambda: first.write_behind.waiting + second.write_behind.waiting == 0, "both are done")
    assert await first.rows() == 3000


async def test_a_graceful_stop_writes_all(start: StartMemory) -> None:
    memory = await start()
    memory.says(*[f"number {number}" for number in range(5000)])
    assert await memory.rows() == 0
    await stopped(memory)
    assert await memory.rows() == 5000
    with pytest.raises(ServiceUnavailable):
        memory.says("too late")


async def test_too_much_is_refused_whole_and_taken_once_there_is_room(start: StartMemory) -> None:
    memory = await start(most_entries=10, most_bytes=1000)
    memory.says(*["x"] * 8)
    with pytest.raises(Overloaded):
        memory.says(*["y"] * 3)
    with pytest.raises(Overloaded):
        memory.says("é" * 500)
    assert memory.write_behind.waiting == 8
    assert await memory.conversations.flush() == 8
    memory.says(*["y"] * 3)
    memory.says("é" * 400)
    assert await memory.texts() == [*["x"] * 8, *["y"] * 3, "é" * 400]


async def test_while_postgres_is_away_entries_wait_and_are_written_later(tmp_path: Path) -> None:
    postgres = await start_postgres(tmp_path, tmp_path / "run")
    try:
        await migrate(postgres.url, "memory", read_migrations("services.memory"))
        memory = await opened(postgres.url, 0.02)
        memory.says("before")
        await until(lambda: memory.write_behind.waiting == 0, "it is written")
        os.kill(postgres.pid, signal.SIGKILL)
        memory.says("meanwhile", "and again")
        with pytest.raises(StoreUnavailable):
            await memory.conversations.flush()
        with pytest.raises(StoreUnavailable):
            await memory.recalls("meanwhile")
        assert memory.write_behind.waiting == 2
        await postgres.restart()
        await until(lambda: memory.write_behind.waiting == 0, "it is written once Postgres is back")
        assert await memory.texts() == ["before", "meanwhile", "and again"]
        await stopped(memory)
    finally:
        await postgres.stop()


async def test_a_write_that_was_cut_off_is_written_once(start: StartMemory) -> None:
    memory = await start()
    memory.says("cut off")
    blocker = await asyncpg.connect(memory.url)
    await blocker.execute("begin; lock table memory.entry in access exclusive mode")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await memory.recalls("cut off")
    assert memory.write_behind.waiting == 1
    await blocker.execute("commit")
    await blocker.close()
    assert await memory.texts() == ["cut off"]
    assert await memory.rows() == 1


async def test_forgetting_erases_what_waits_what_is_written_and_what_is_archived(memory: Memory) -> None:
    memory.conversations.remember([said("long ago", age=timedelta(days=40)), said("of late")])
    memory.says("stays", session="s2")
    memory.says("stays too", workspace="other")
    await memory.conversations.flush()
    assert await Archive(memory.database, memory.clock, timedelta(days=30)).sweep() == 1
    memory.says("waits")
    memory.says("stays as well", session="s2")
    assert await memory.conversations.forget(Conversation("local", "s1")) == 3
    assert await memory.texts(archived=True) == []
    assert await memory.texts("s2") == ["stays", "stays as well"]
    assert await memory.rows() == 3
    assert await memory.conversations.forget(Conversation("local", "s1")) == 0


async def test_forgetting_waits_for_a_write_under_way(start: StartMemory) -> None:
    memory = await start()
    # Two, since who is in a transaction sees the activity of others as it was at its first look.
    blocker, watcher = await asyncpg.connect(memory.url), await asyncpg.connect(memory.url)
    await blocker.execute("begin; lock table memory.entry in access exclusive mode")
    memory.says("on its way")
    writing = asyncio.create_task(memory.conversations.flush())
    waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    async def blocked() -> bool:
        return await watcher.fetchval(waits) >= 1

    await until(blocked, "the write is under way")
    forgetting = asyncio.create_task(memory.conversations.forget(Conversation("local", "s1")))
    await blocker.execute("commit")
    await blocker.close()
    await watcher.close()
    assert (await writing, await forgetting) == (1, 1)
    assert await memory.rows() == 0


async def test_a_reply_under_way_does_not_bring_a_forgotten_conversation_back(memory: Memory) -> None:
    memory.clock.time = datetime.now(UTC)
    (asked,) = memory.says("what is my secret?")
    reply = said("your secret is turquoise", entry_id=reply_id(asked.entry_id))
    memory.clock.time += timedelta(seconds=1)
    assert await memory.conversations.forget(Conversation("local", "s1")) == 1
    memory.conversations.remember([asked, reply])
    assert await memory.texts() == []
    later = said("what is the time?", entry_id=str(ULID.from_datetime(memory.clock.time + timedelta(seconds=1))))
    memory.conversations.remember([later, replace(reply, entry_id=reply_id(later.entry_id), text="late")])
    assert await memory.texts() == ["what is the time?", "late"]


async def test_what_is_old_is_archived_in_pieces_and_listed_only_when_asked_for(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.memory.archive.AT_ONCE", 3)
    old = [said(f"old bike {number}", age=timedelta(days=30, seconds=1)) for number in range(7)]
    memory.conversations.remember([*old, said("new bike", age=timedelta(days=29, hours=23))])
    await memory.conversations.flush()
    archive = Archive(memory.database, memory.clock, timedelta(days=30))
    assert await archive.sweep() == 7
    assert await archive.sweep() == 0
    found = await memory.recalls("Which bike?", last=9)
    assert [hit.entry.text for hit in found.hits] == [entry.text for entry in found.last] == ["new bike"]
    assert found.conversation_characters == len("new bike")
    assert await memory.texts() == ["new bike"]
    assert await memory.texts(archived=True) == [*(entry.text for entry in old), "new bike"]


async def test_an_archive_in_the_background_begins_at_once(memory: Memory) -> None:
    memory.conversations.remember([said("long ago", age=timedelta(days=31))])
    await memory.conversations.flush()
    archive = Archive(memory.database, memory.clock, timedelta(days=30))
    await archive.start()

    async def archived() -> bool:
        return await memory.texts() == []

    await until(archived, "it is archived")
    await archive.stop()


async def test_a_time_to_come_keeps_nothing_from_the_archive(memory: Memory) -> None:
    memory.conversations.remember([said("from the future", age=-timedelta(days=9000))])
    page = await memory.conversations.entries(Conversation("local", "s1"), archived=False, limit=5, before=None)
    assert [entry.said_at for entry in page.entries] == [NOW]


async def test_a_conversation_comes_in_pages(memory: Memory) -> None:
    memory.says(*[f"number {number}" for number in range(5)])
    conversation = Conversation("local", "s1")
    first = await memory.conversations.entries(conversation, archived=False, limit=2, before=None)
    rest = await memory.conversations.entries(conversation, archived=False, limit=9, before=first.last_place)
    assert [entry.text for entry in first.entries] == ["number 4", "number 3"]
    assert [entry.text for entry in rest.entries] == ["number 2", "number 1", "number 0"]
    assert (first.total, rest.total) == (5, 5)
