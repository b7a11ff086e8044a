"""Conversations on a real Postgres: a memory that can be started, stopped and started again on the same database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from chassis.database import Database
from chassis.identifiers import new_ulid
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from services.memory.assembly import writing_to
from services.memory.conversations import Conversations
from services.memory.entries import Conversation, Entry, Recalled, Speaker
from services.memory.write_behind import WriteBehind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEVER_BY_ITSELF = 3600.0
"""Seconds: what is written by then is written because somebody asked."""


class SetClock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


@dataclass
class Memory:
    """Conversations of one process, without the wire."""

    conversations: Conversations
    write_behind: WriteBehind
    database: Database
    clock: SetClock
    url: str

    def says(self, *texts: str, session: str = "s1", workspace: str = "local") -> list[Entry]:
        """The texts as entries, remembered."""
        entries = [said(text, session=session, workspace=workspace) for text in texts]
        self.conversations.remember(entries)
        return entries

    async def recalls(self, text: str, session: str = "s1", workspace: str = "local", last: int = 0) -> Recalled:
        return await self.conversations.recall(Conversation(workspace, session), text, limit=5, last=last)

    async def texts(self, session: str = "s1", *, archived: bool = False) -> list[str]:
        """What the conversation holds, oldest first."""
        page = await self.conversations.entries(
            Conversation("local", session), archived=archived, limit=500, before=None
        )
        return [entry.text for entry in reversed(page.entries)]

    async def rows(self) -> int:
        """How many entries are written."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval("select count(*) from memory.entry")
        finally:
            await connection.close()


def said(
    text: str, *, session: str = "s1", workspace: str = "local", age: timedelta = timedelta(), entry_id: str = ""
) -> Entry:
    """An entry of the person, so long before the clock's time."""
    return Entry(Conversation(workspace, session), entry_id or new_ulid(), Speaker.USER, text, NOW - age)


StartMemory = Callable[..., Awaitable[Memory]]


async def opened(url: str, within_s: float = NEVER_BY_ITSELF, **bounds: int) -> Memory:
    """A memory on a database whose schema is there."""
    database = Database(url, role=role_of("memory"), size=3)
    write_behind = WriteBehind(writing_to(database), within_s, **bounds)
    clock = SetClock()
    await write_behind.start()
    return Memory(Conversations(database, write_behind, clock), write_behind, database, clock, url)


@pytest.fixture
async def start(database_url: str) -> AsyncGenerator[StartMemory]:
    """Starts a memory on the test's database; what still runs at the end is stopped."""
    await migrate(database_url, "memory", read_migrations("services.memory"))
    running: list[Memory] = []

    async def starting(within_s: float = NEVER_BY_ITSELF, **bounds: int) -> Memory:
        running.append(await opened(database_url, within_s, **bounds))
        return running[-1]

    yield starting
    for memory in running:
        await stopped(memory)


@pytest.fixture
async def memory(start: StartMemory) -> Memory:
    return await start()


async def stopped(memory: Memory) -> None:
    """Ends a memory as its process would."""
    await memory.write_behind.stop()
    await memory.database.close()


async def until(met: Callable[[], Awaitable[bool]] | Callable[[], bool], what: str) -> None:
    """Waits for a condition, 10 s at most."""
    async with asyncio.timeout(10):
        while True:
            answer = met()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(0.005)
