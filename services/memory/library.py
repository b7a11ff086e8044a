"""What memory can do: learn a batch, show lessons, forget. Each is one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from chassis.clock import Clock
from chassis.consumer import Delivery
from chassis.database import Database
from chassis.faults import BusUnavailable
from services.memory import postgres
from services.memory.events import Relay, announcement, heard
from services.memory.learning import follow_all, learn
from services.memory.lessons import settled
from services.memory.model import Event, Lesson, Provenance, State

log = logging.getLogger(__name__)

QUIET_SESSION = timedelta(days=14)
"""After so long without an event a session's open failures are dropped; moments are kept no longer either."""


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
            try:
                await self._relay.flush()
            except BusUnavailable:
                log.warning("lessons wait to be announced", extra={"action": "outbox_waits"})

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
                by_digest = await postgres.read_digests(connection, followed.worked)
                keys = followed.lessons.union(*by_digest.values())
                known = await postgres.read_lessons(connection, keys)
                learnt = learn(followed.findings, known, by_digest)
                if learnt.changed:
                    await postgres.write_lessons(connection, list(learnt.changed.values()))
                if learnt.announced:
                    told = [announcement(learnt.changed[key]) for key in learnt.changed if key in learnt.announced]
                    await postgres.add_to_outbox(connection, told)
            if self._swept is None or now - self._swept > timedelta(hours=1):
                await postgres.sweep_states(connection, now - QUIET_SESSION)
                self._swept = now

    async def lessons(
        self, workspace_id: str, project_id: str, *, retired: bool, limit: int, before: tuple[datetime, str] | None
    ) -> tuple[list[Lesson], int]:
        """Lessons newest first, and how many there are in all."""
        states = (State.ACTIVE, State.RETIRED) if retired else (State.ACTIVE,)
        async with self._database.connection() as connection:
            return await postgres.list_lessons(connection, workspace_id, project_id, states, limit, before)

    async def forget_session(self, workspace_id: str, session_id: str) -> Forgotten:
        """Erases a session; lessons that rest on it alone are withdrawn, others lose their trace of it."""
        async with self._database.transaction() as connection:
            rows = await postgres.erase_traces(connection, workspace_id, "session_id", session_id)
            touched = await postgres.lessons_of_session(connection, workspace_id, session_id)
            alone = [lesson for lesson in touched if set(lesson.provenance.sessions) == {session_id}]
            shared = [without_session(lesson, session_id) for lesson in touched if lesson not in alone]
            await postgres.write_lessons(connection, shared)
            await self._withdraw(connection, workspace_id, alone)
            await postgres.add_to_outbox(connection, [announcement(lesson) for lesson in shared if lesson.announced])
        await self._relay.flush()
        return Forgotten(rows + len(alone), len(alone))

    async def forget_project(self, workspace_id: str, project_id: str) -> Forgotten:
        """Erases a project."""
        async with self._database.transaction() as connection:
            rows = await postgres.erase_traces(connection, workspace_id, "project_id", project_id)
            lessons = await postgres.lessons_of_project(connection, workspace_id, project_id)
            await self._withdraw(connection, workspace_id, lessons)
        await self._relay.flush()
        return Forgotten(rows + len(lessons), len(lessons))

    async def _withdraw(self, connection: asyncpg.Connection, workspace: str, lessons: list[Lesson]) -> None:
        await postgres.erase_lessons(connection, workspace, [lesson.lesson_id for lesson in lessons])
        gone = [replace(lesson, state=State.FORGOTTEN, revision=lesson.revision + 1) for lesson in lessons]
        await postgres.add_to_outbox(connection, [announcement(lesson) for lesson in gone if lesson.announced])


def once(events: Sequence[Event]) -> list[Event]:
    """The events without repetitions."""
    return list({event.event_id: event for event in events}.values())


def without_session(lesson: Lesson, session_id: str) -> Lesson:
    """The lesson without its trace of a session. Whose each call was is not kept, so all call ids go."""
    old = lesson.provenance
    kept = tuple(session for session in old.sessions if session != session_id)
    provenance = Provenance(kept, (), old.occurrences, old.fixes, old.first_seen, old.last_seen)
    return settled(replace(lesson, provenance=provenance, revision=lesson.revision + 1))
