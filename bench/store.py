"""Fills the tables of packets as fast as Postgres takes rows, with what packets itself would have written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

import asyncpg
from spark.memory.v1 import lesson_pb2

from chassis.identifiers import digest
from services.packets.keys import keys_of
from services.packets.library import packet_of

PACKET_COLUMNS = (
    *("workspace_id", "packet_id", "project_id", "source_mode", "text", "confidence", "lesson", "revision"),
    "fresh_until",
)
KEY_COLUMNS = ("workspace_id", "project_id", "key", "rank", "packet_id", "weight")

Row = tuple[object, ...]


async def fill(connection: asyncpg.Connection, lessons: Sequence[lesson_pb2.Lesson], projects: Sequence[str]) -> int:
    """Puts the packets of these lessons into each project, in place of what was there; returns how many there are.

    The tables are emptied in the same transaction, which spares Postgres the log of what follows.
    """
    async with connection.transaction():
        await connection.execute("truncate packets.packet, packets.packet_key")
        for project_id in projects:
            packets, keys = rows_of(lessons, project_id)
            await connection.copy_records_to_table(
                "packet", schema_name="packets", columns=PACKET_COLUMNS, records=packets
            )
            await connection.copy_records_to_table("packet_key", schema_name="packets", columns=KEY_COLUMNS, records=keys)
    await connection.execute("vacuum (analyze) packets.packet, packets.packet_key")
    return await connection.fetchval("select count(*) from packets.packet")


def rows_of(lessons: Sequence[lesson_pb2.Lesson], project_id: str) -> tuple[list[Row], list[Row]]:
    """The rows of packets and of keys that materialising these lessons in a project would write."""
    packets: list[Row] = []
    keys: list[Row] = []
    for lesson in in_project(lessons, project_id):
        packet = packet_of(lesson)
        workspace, rank = lesson.workspace_id, packet.confidence + packet.effectiveness_score
        fresh_until = packet.fresh_until.ToDatetime(UTC)
        packets.append(
            (workspace, packet.packet_id, project_id, packet.source_mode, packet.text, packet.confidence)
            + (lesson.SerializeToString(), packet.revision, fresh_until)
        )
        keys += [(workspace, project_id, one.key, rank, packet.packet_id, one.weight) for one in keys_of(lesson)]
    return packets, keys


def in_project(lessons: Sequence[lesson_pb2.Lesson], project_id: str) -> Iterator[lesson_pb2.Lesson]:
    """The same lessons as another project would have learnt them."""
    for lesson in lessons:
        copied = lesson_pb2.Lesson()
        copied.CopyFrom(lesson)
        copied.project_id = project_id
        copied.lesson_id = digest(project_id, lesson.lesson_id)
        yield copied
