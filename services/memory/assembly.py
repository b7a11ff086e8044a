"""Builds memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from chassis.consumer import Consumer
from chassis.database import Database
from chassis.outbox import Relay
from chassis.service import Running, Service, Surroundings
from services.memory.archive import Archive
from services.memory.conversations import Conversations
from services.memory.entries import Entry
from services.memory.entry_rows import write_entries
from services.memory.events import HEARD, OUTBOX, TEACHING
from services.memory.library import Library
from services.memory.meaning import Meaning, installed, model_name
from services.memory.servicer import MemoryServicer
from services.memory.settings import ARCHIVE_DAYS, SEMANTIC, SETTINGS, WRITE_WITHIN_MS
from services.memory.write_behind import Write, WriteBehind
from spark.memory.v1 import memory_pb2

SCHEMA = "memory"
# One learns and relays in turn, so one connection does; a second writes what was said, a third answers meanwhile.
CONNECTIONS = 3


def assemble(given: Surroundings) -> Running:
    """Memory with its consumer, its relay and its conversations."""
    database = given.database(SCHEMA, CONNECTIONS)
    relay = Relay(database, given.bus, OUTBOX)
    library = Library(database, relay, given.clock)
    consumer = Consumer(given.bus, name="memory", stream=HEARD.stream, subjects=TEACHING, handler=library.hear)
    meaning = Meaning(database, model_name()) if given.settings[SEMANTIC] and installed() else None
    write_behind = WriteBehind(writing_to(database, meaning), given.settings[WRITE_WITHIN_MS] / 1000)
    archive = Archive(database, given.clock, timedelta(days=given.settings[ARCHIVE_DAYS]))
    conversations = Conversations(database, write_behind, given.clock, meaning)
    in_background = (relay, write_behind, archive, *((meaning,) if meaning else ()))

    async def start() -> None:
        await asyncio.gather(*(one.start() for one in in_background))

    async def stop() -> None:
        await asyncio.gather(*(one.stop() for one in in_background))

    return Running(
        servicer=MemoryServicer(library, consumer, relay, conversations),
        consumers=(consumer,),
        start=start,
        stop=stop,
        checks={"postgres": database.ping},
    )


def writing_to(database: Database, meaning: Meaning | None = None) -> Write:
    """Keeps entries in a database, on disk when it returns; their vectors follow.

    Raises:
        StoreUnavailable: when Postgres is away.
    """

    async def write(entries: Sequence[Entry]) -> int:
        async with database.transaction() as connection:
            new = await write_entries(connection, entries)
        if meaning is not None:
            meaning.entries_written()
        return new

    return write


SERVICE = Service(
    name="memory",
    contract=memory_pb2.DESCRIPTOR.services_by_name["MemoryService"],
    assemble=assemble,
    package="services.memory",
    schema=SCHEMA,
    settings=SETTINGS,
)
