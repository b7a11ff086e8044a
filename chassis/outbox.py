"""A transactional outbox: what a service announces is written with the change itself, and published behind it.

A service keeps it in a table `outbox` of its own schema:

    create table SCHEMA.outbox (
        id bigint generated always as identity primary key,
        event_id text not null,
        subject text not null,
        occurred_at timestamptz not null,
        data bytea not null
    );
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from chassis.bus import Bus
from chassis.database import Database
from chassis.events import EventType, headers, subject_token

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Announcements that one transaction takes out."""
PUBLISH_S = 2.0
GATHER_S = 0.2
"""Who is woken waits so long for what else is written, so that several transactions cost one of the relay's, while the
agent thinks (ADR 15)."""
AGAIN_S = 1.0
"""So often it looks without being woken: what an earlier process left, and what the bus did not take."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message that waits to be published. JetStream drops what it had by its `event_id` (headers.Nats-Msg-Id)."""

    event_id: str
    subject: str
    occurred_at: datetime
    data: bytes


class Outbox:
    """The announcements of one type that wait in a service's schema. Whoever writes them does so in the transaction of
    what they tell of."""

    def __init__(self, schema: str, kind: EventType) -> None:
        self.schema = schema
        self.kind = kind
        # The schema is a name in the code, never one from outside.
        self._add = f"""insert into {schema}.outbox (event_id, subject, occurred_at, data)
            select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bytea[])"""  # noqa: S608
        self._read = f"""select id, event_id, subject, occurred_at, data from {schema}.outbox
            order by id limit $1 for update skip locked"""  # noqa: S608
        self._clear = f"delete from {schema}.outbox where id = any($1::bigint[])"  # noqa: S608
        self._erase = f"delete from {schema}.outbox where subject ~ $1"  # noqa: S608

    async def add(self, connection: asyncpg.Connection, announcements: Sequence[Announcement]) -> None:
        """Writes announcements down, to be published in this order once the transaction is through."""
        if announcements:
            await connection.execute(
                self._add,
                [item.event_id for item in announcements],
                [item.subject for item in announcements],
                [item.occurred_at for item in announcements],
                [item.data for item in announcements],
            )

    async def read(self, connection: asyncpg.Connection, limit: int) -> list[tuple[int, Announcement]]:
        """The oldest announcements that nobody else is publishing, with their numbers."""
        rows = await connection.fetch(self._read, limit)
        return [(row[0], Announcement(row[1], row[2], row[3], row[4])) for row in rows]

    async def clear(self, connection: asyncpg.Connection, numbers: Sequence[int]) -> None:
        """Drops announcements that are published."""
        await connection.execute(self._clear, numbers)

    async def erase(self, connection: asyncpg.Connection, *tokens: str) -> None:
        """Drops what waits under a subject of these tokens, an empty one standing for any; waits for those that are
        being published, so that afterwards each is erased or on the bus."""
        named = (re.escape(subject_token(token)) if token else "[^.]+" for token in tokens)
        await connection.execute(self._erase, f"^{'[.]'.join((re.escape(self.kind.subject), *named))}$")


class Relay:
    """Publishes what stands in an outbox, in its order; what cannot be published stays there."""

    def __init__(self, database: Database, bus: Bus, outbox: Outbox) -> None:
        self._database = database
        self._bus = bus
        self._outbox = outbox
        self._one_at_a_time = asyncio.Lock()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.last_sequence = 0
        """Place in the stream of the last announcement."""

    async def start(self) -> None:
        """Publishes what an earlier process left, and from then on what is written and what the bus did not take."""
        self._task = asyncio.create_task(self._keep_trying(), name=f"{self._outbox.schema} outbox")

    async def stop(self) -> None:
        """Ends; what is left is published by the next process."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Tells that there is something to publish; it is, 0.2 s later, and nobody waits for it."""
        self._woken.set()

    async def flush(self) -> None:
        """Publishes all that stands there.

        Raises:
            BusUnavailable: when the bus is away.
            StoreUnavailable: when Postgres is.
        """
        async with self._one_at_a_time:
            while await self._publish_some():
                pass

    async def _publish_some(self) -> bool:
        # What a crash brings back is published again, and dropped there by its id: no disk needs to be waited for.
        async with self._database.transaction(durable=False) as connection:
            waiting = await self._outbox.read(connection, AT_ONCE)
            if not waiting:
                return False
            acks = await asyncio.gather(*(self._publish(item) for _, item in waiting))
            await self._outbox.clear(connection, [number for number, _ in waiting])
        self.last_sequence = max(self.last_sequence, *acks)
        return len(waiting) == AT_ONCE

    async def _publish(self, item: Announcement) -> int:
        kind = self._outbox.kind
        carried = headers(kind, item.event_id, item.occurred_at, "")
        ack = await self._bus.publish(kind.stream, item.subject, item.data, carried, PUBLISH_S)
        return ack.sequence

    async def _keep_trying(self) -> None:
        away = False
        while True:
            self._woken.clear()
            try:
                await self.flush()
                away = False
            except Exception as error:
                # Whatever it is, what waits must be tried again. Said once: a bus that is away stays so for long.
                if not away:
                    report = {"action": "outbox_waits", "outbox": self._outbox.schema, "error": str(error)}
                    log.warning("announcements wait to be published", extra=report)
                away = True
                await asyncio.sleep(AGAIN_S)
                continue
            # Not wait_for: before Python 3.12 it loses a cancellation that comes with the end of what it waits for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await self._woken.wait()
                await asyncio.sleep(GATHER_S)
