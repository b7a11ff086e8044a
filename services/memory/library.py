"""What memory can do: learn a batch, show lessons, forget. Each is one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from chassis.clock import Clock
from chassis.consumer import Delivery
from chassis.database import Database
from chassis.faults import BusUnavailable, NotFound
from chassis.outbox import Relay
from services.memory import postgres
from services.memory.events import OUTBOX, announcement, heard
from services.memory.forgetting import without_session
from services.memory.learning import follow_all, learn, revision_after, told_now
from services.memory.model import Event, Lesson, Span, State

log = logging.getLogger(__name__)

QUIET_SESSION = timedelta(days=14)
"""After so long without an event a session's open failures are dropped; moments are kept no longer either."""

AROUND = timedelta(minutes=1)
"""What a session did so close to a moment that was seen live counts as seen. It bridges what hooks never tell of,
clocks of two machines, hooks that hold the client up (Gemini CLI gives each 60 s), and moments still on the bus."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased."""

    rows: int
    lessons: int


class Library:
    """The lessons of this system."""

    def __init__(self, database: Database, relay: Relay, clock: Clock) -> None:
        self._database = database
        self._relay = relay
        self._clock = clock
        self._swept: datetime | None = None

    async def hear(self, deliveries: Sequence[Delivery]) -> None:
        """Learns from a batch off the bus, each event once however often it comes.

        Raises:
            StoreUnavailable: when Postgres is away; the batch must come again.
        """
        events = heard(deliveries)
        if events:
            await self.learn(events)
            await self._tell()

    async def learn(self, events: Sequence[Event]) -> None:
        """Learns from events in the order given.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await postgres.lock_projects(connection, [event.place for event in events])
            unheard = await postgres.claim_new(connection, events)
            fresh = [event for event in once(events) if event.event_id in unheard]
            if not fresh:
                return
            states = await postgres.read_states(connection, {event.place for event in fresh})
            followed = follow_all(states, fresh)
            await postgres.write_states(connection, followed.states, now)
            if followed.findings:
                by_key = await postgres.read_keys(connection, followed.keys)
                known = await postgres.read_lessons(connection, followed.lessons.union(*by_key.values()))
                learnt = learn(followed.findings, known, by_key, now)
                if learnt.changed:
                    await postgres.write_lessons(connection, list(learnt.changed.values()))
                if learnt.announced:
                    told = [announcement(learnt.changed[key]) for key in learnt.changed if key in learnt.announced]
                    await OUTBOX.add(connection, told)
            if self._swept is None or now - self._swept > timedelta(hours=1):
                await postgres.sweep_states(connection, now - QUIET_SESSION)
                self._swept = now

    async def find_learnt(self, workspace_id: str, event_ids: Sequence[str]) -> list[str]:
        """Which of these events were learnt from."""
        async with self._database.connection() as connection:
            return await postgres.find_learnt(connection, workspace_id, event_ids)

    async def find_seen_live(self, workspace_id: str, spans: Sequence[Span]) -> list[int]:
        """The places of the spans in which something of their session was seen live, or within a minute of them."""
        async with self._database.connection() as connection:
            return await postgres.find_seen_live(connection, workspace_id, spans, AROUND)

    async def lessons(
        self, workspace_id: str, project_id: str, *, retired: bool, limit: int, before: tuple[datetime, str] | None
    ) -> tuple[list[Lesson], int]:
        """Lessons newest first, and how many there are in all."""
        states = (State.ACTIVE, State.RETIRED) if retired else (State.ACTIVE,)
        async with self._database.connection() as connection:
            return await postgres.list_lessons(connection, workspace_id, project_id, states, limit, before)

    async def change(self, workspace_id: str, lesson_id: str, change: Callable[[Lesson], Lesson]) -> Lesson:
        """Changes a lesson that was shown as a user wants it, and announces it; returns it as it stands then.

        Raises:
            NotFound: when there is no such lesson in the workspace.
            StoreUnavailable: when Postgres is away.
        """
        key, now = (workspace_id, lesson_id), self._clock.now()
        async with self._database.transaction() as connection:
            before = (await postgres.read_lessons(connection, [key])).get(key)
            if before is None or before.state is State.SEEN:
                raise NotFound(f"no lesson {lesson_id}", kind="lesson", id=lesson_id)
            changed = change(before)
            if changed == before:
                return before
            after = told_now(changed, now)
            await postgres.write_lessons(connection, [after])
            await OUTBOX.add(connection, [announcement(after)])
        await self._tell()
        return after

    async def forget_session(self, workspace_id: str, session_id: str) -> Forgotten:
        """Erases a session and the words that it alone left in lessons; a lesson that shows such words is withdrawn."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rows = await postgres.erase_traces(connection, workspace_id, "session_id", session_id)
            touched = await postgres.lessons_of_session(connection, workspace_id, session_id)
            left = {lesson.lesson_id: kept for lesson in touched if (kept := without_session(lesson, session_id))}
            shared = [replace(lesson, revision=revision_after(lesson, now)) for lesson in left.values()]
            gone = [lesson for lesson in touched if lesson.lesson_id not in left]
            await postgres.erase_keys(connection, workspace_id, list(left))
            await postgres.write_lessons(connection, shared)
            await self._withdraw(connection, workspace_id, gone)
            await OUTBOX.add(connection, [announcement(lesson) for lesson in shared if lesson.announced])
        await self._relay.flush()
        return Forgotten(rows + len(gone), len(gone))

    async def forget_project(self, workspace_id: str, project_id: str) -> Forgotten:
        """Erases a project."""
        async with self._database.transaction() as connection:
            rows = await postgres.erase_traces(connection, workspace_id, "project_id", project_id)
            lessons = await postgres.lessons_of_project(connection, workspace_id, project_id)
            await self._withdraw(connection, workspace_id, lessons)
        await self._relay.flush()
        return Forgotten(rows + len(lessons), len(lessons))

    async def _tell(self) -> None:
        try:
            await self._relay.flush()
        except BusUnavailable:
            log.warning("lessons wait to be announced", extra={"action": "outbox_waits"})

    async def _withdraw(self, connection: asyncpg.Connection, workspace: str, lessons: list[Lesson]) -> None:
        await postgres.erase_lessons(connection, workspace, [lesson.lesson_id for lesson in lessons])
        now = self._clock.now()
        gone = [replace(one, state=State.FORGOTTEN, revision=revision_after(one, now)) for one in lessons]
        await OUTBOX.add(connection, [announcement(lesson) for lesson in gone if lesson.announced])


def once(events: Sequence[Event]) -> list[Event]:
    """The events without repetitions."""
    return list({event.event_id: event for event in events}.values())
