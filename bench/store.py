"""Fills the tables of packets as fast as Postgres takes rows, with what packets itself would have written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC

import asyncpg

from chassis.identifiers import digest
from services.packets.keys import keys_of
from services.packets.library import packet_of
from spark.memory.v1 import lesson_pb2

TABLES = ("packets.packet", "packets.packet_key")
PACKET_COLUMNS = (
    *("workspace_id", "packet_id", "project_id", "source_mode", "text", "confidence", "lesson", "revision"),
    "fresh_until",
)
KEY_COLUMNS = ("workspace_id", "project_id", "key", "rank", "packet_id", "weight", "fresh_until")

INDEXES = """
select indexrelid::regclass::text as name, relname, indisprimary, pg_get_indexdef(indexrelid) as made_by
from pg_index join pg_class on pg_class.oid = indexrelid where indrelid = $1::text::regclass
"""

Row = tuple[object, ...]


async def fill(connection: asyncpg.Connection, lessons: Sequence[lesson_pb2.Lesson], projects: Sequence[str]) -> None:
    """Puts the packets of these lessons into each project, in place of what was there."""
    async with emptied(connection):
        for project_id in projects:
            packets, keys = rows_of(lessons, project_id)
            await connection.copy_records_to_table(
                "packet", schema_name="packets", columns=PACKET_COLUMNS, records=packets
            )
            await connection.copy_records_to_table(
                "packet_key", schema_name="packets", columns=KEY_COLUMNS, records=keys
            )


@asynccontextmanager
async def emptied(connection: asyncpg.Connection) -> AsyncGenerator[None]:
    """The tables, emptied and without indexes for the time of the block; afterwards as they were made.

    All in one transaction, which spares Postgres the log of what follows on the emptying.
    """
    async with connection.transaction():
        await connection.execute(f"truncate {', '.join(TABLES)}")
        async with without_indexes(connection, TABLES):
            yield
    await connection.execute(f"vacuum (analyze) {', '.join(TABLES)}")


@asynccontextmanager
async def without_indexes(connection: asyncpg.Connection, tables: Sequence[str]) -> AsyncGenerator[None]:
    """Tables without indexes for the time of the block, within the transaction of the caller."""
    await connection.execute("set local maintenance_work_mem = '512MB'")
    indexes = [(table, index) for table in tables for index in await connection.fetch(INDEXES, table)]
    for table, index in indexes:
        constraint = f"alter table {table} drop constraint {index['relname']}"
        await connection.execute(constraint if index["indisprimary"] else f"drop index {index['name']}")
    yield
    for table, index in indexes:
        await connection.execute(index["made_by"])
        if index["indisprimary"]:
            name = index["relname"]
            await connection.execute(f"alter table {table} add constraint {name} primary key using index {name}")


def rows_of(lessons: Sequence[lesson_pb2.Lesson], project_id: str) -> tuple[list[Row], list[Row]]:
    """The rows of packets and of keys that materialising these lessons in a project would write."""
    packets: list[Row] = []
    keys: list[Row] = []
    for lesson in in_project(lessons, project_id):
        packet = packet_of(lesson)
        workspace, rank = lesson.workspace_id, packet.confidence + packet.effectiveness_score
        said = (packet.source_mode, packet.text, packet.confidence, lesson.SerializeToString())
        fresh_until = packet.fresh_until.ToDatetime(UTC)
        packets.append((workspace, packet.packet_id, project_id, *said, packet.revision, fresh_until))
        keys += [
            (workspace, project_id, one.key, rank, packet.packet_id, one.weight, fresh_until) for one in keys_of(lesson)
        ]
    return packets, keys


def in_project(lessons: Sequence[lesson_pb2.Lesson], project_id: str) -> Iterator[lesson_pb2.Lesson]:
    """The same lessons as another project would have learnt them."""
    for lesson in lessons:
        copied = lesson_pb2.Lesson()
        copied.CopyFrom(lesson)
        copied.project_id = project_id
        copied.lesson_id = digest(project_id, lesson.lesson_id)
        yield copied
