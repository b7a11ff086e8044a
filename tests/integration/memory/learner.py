"""Memory that learns, without the wire, and what it hears: commands that came back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis.bus import Bus
from chassis.clock import SystemClock
from chassis.consumer import Consumer, Delivery
from chassis.database import Database
from chassis.identifiers import digest
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from chassis.outbox import Relay
from services.memory.events import OUTBOX
from services.memory.library import Library
from services.memory.model import Lesson
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2 as m

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROJECT = "a" * 16


@dataclass
class Memory:
    """Memory as assembled, with what it announces collected off the bus."""

    library: Library
    announced: list[lesson_pb2.Lesson]
    bus: Bus
    url: str

    async def lessons(self, *, retired: bool = False) -> list[Lesson]:
        found, _ = await self.library.lessons("local", "", retired=retired, limit=100, before=None)
        return found

    async def hears(self, *moments: m.Moment) -> None:
        events = [m.MomentObserved(moment=moment) for moment in moments]
        await self.library.hear([Delivery(event.SerializeToString(), 1, "") for event in events])

    async def announcements(self, count: int) -> list[lesson_pb2.Lesson]:
        async with asyncio.timeout(5):
            while len(self.announced) < count:
                await asyncio.sleep(0.01)
        return self.announced


@asynccontextmanager
async def learning(database_url: str, bus_url: str) -> AsyncGenerator[Memory]:
    """Memory on a database and a bus that are empty."""
    await migrate(database_url, "memory", read_migrations("services.memory"))
    database = Database(database_url, role=role_of("memory"), size=2)
    bus = await Bus.connect(bus_url)
    await bus.ensure_streams()
    announced: list[lesson_pb2.Lesson] = []

    async def collect(deliveries: object) -> None:
        announced.extend(lesson_pb2.LessonChanged.FromString(one.data).lesson for one in deliveries)  # type: ignore[attr-defined]

    consumer = Consumer(bus, name="test", stream="LESSONS", subjects=["spark.memory.v1.>"], handler=collect)
    await consumer.start()
    yield Memory(Library(database, Relay(database, bus, OUTBOX), SystemClock()), announced, bus, database_url)
    await consumer.stop()
    await database.close()
    await bus.close()


def moment(number: int, command: str, *, failed: bool = False, session: str = "s1") -> m.Moment:
    """A command that came back."""
    made = m.Moment(kind=m.MOMENT_KIND_CALL_FAILED if failed else m.MOMENT_KIND_CALL_SUCCEEDED)
    made.envelope.event_id = digest(session, str(number))
    made.envelope.workspace_id, made.envelope.project_id, made.envelope.session_id = "local", PROJECT, session
    made.envelope.occurred_at.FromDatetime(START + timedelta(minutes=number))
    made.envelope.observed_at.FromDatetime(START + timedelta(minutes=number))
    made.call.tool, made.call.target, made.call.command = "Bash", command, command
    made.call.target_class, made.call.program = " ".join(command.split()[:2]), command.split()[0]
    made.call.tool_use_id, made.call.input_digest = f"{session}-{number}", digest(command)
    if failed:
        made.outcome.failure_class, made.outcome.signature = "shell.bad_flag", "unknown flag: --a"
        made.outcome.mistake = True
    return made


FAILS, WORKS = moment(1, "tool go --a x", failed=True), moment(2, "tool go --b x")
