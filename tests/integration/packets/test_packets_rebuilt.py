"""Packets whose tables were lost, or came back from a backup: made anew from what the bus keeps of each lesson."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from chassis.bus import Bus
from chassis.calls import CallContext, current_call
from chassis.events import headers
from chassis.identifiers import new_ulid
from chassis.identity import Tokens
from chassis.settings import Settings
from host.catalog import services_named
from host.process import Engines, Place, Process
from services.packets.library import HEARD
from spark.memory.v1 import lesson_pb2
from spark.packets.v1 import packets_pb2
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from tests.integration.packets.lessons import NOW, lesson


@asynccontextmanager
async def packets(engines: Engines) -> AsyncGenerator[Process]:
    """The service for the time of the block."""
    process = Process(services_named(["packets"]), engines, Settings({}), Tokens({"token": "local"}), {})
    await process.start(Place())
    token = current_call.set(CallContext("test", "local"))
    yield process
    current_call.reset(token)
    await process.stop()


async def announce(bus: Bus, *lessons: lesson_pb2.Lesson) -> int:
    """Tells of lessons as memory does; returns the place of the last one."""
    place = 0
    for each in lessons:
        event_id = new_ulid()
        event = lesson_pb2.LessonChanged(event_id=event_id, lesson=each)
        subject = HEARD.subject_for(each.workspace_id, each.project_id, each.lesson_id)
        carried = headers(HEARD, event_id, NOW, "")
        place = (await bus.publish(HEARD.stream, subject, event.SerializeToString(), carried, 5)).sequence
    return place


async def total(process: Process, place: int) -> int:
    """Packets there are, once all up to a place in the stream are."""
    stub = PacketsServiceStub(process.channels.to("packets"))
    await stub.AwaitMaterialised(packets_pb2.AwaitMaterialisedRequest(sequence=place))
    return (await stub.GetStatus(packets_pb2.GetStatusRequest())).total


async def test_lost_tables_are_filled_again_at_the_next_start(database_url: str, bus_url: str) -> None:
    engines = Engines(database_url, bus_url)
    async with packets(engines) as process:
        bus = await Bus.connect(bus_url)
        place = await announce(bus, *(lesson(number) for number in range(5)), lesson(0, revision=2, text="newer"))
        assert await total(process, place) == 5
    connection = await asyncpg.connect(database_url)
    await connection.execute("drop schema packets cascade")
    async with packets(engines) as process:
        assert await total(process, place) == 5
        assert await connection.fetchval("select count(*) from packets.packet where text = 'newer'") == 1
        assert await connection.fetchval("select count(*) from packets.packet_key") > 5
    await connection.close()
    await bus.close()


async def test_a_backup_is_brought_up_to_date_and_what_is_up_to_date_is_left_alone(
    database_url: str, bus_url: str
) -> None:
    engines = Engines(database_url, bus_url)
    connection = await asyncpg.connect(database_url)
    async with packets(engines) as process:
        bus = await Bus.connect(bus_url)
        first = await announce(bus, lesson(1))
        assert await total(process, first) == 1
        place = await announce(bus, lesson(2), lesson(3))
        assert await total(process, place) == 3
    # As it was when only the first was known.
    await connection.execute("delete from packets.packet where packet_id <> $1", f"{1:032x}")
    await connection.execute("update packets.heard set sequence = $1", first)
    async with packets(engines) as process:
        assert await total(process, place) == 3
    await connection.execute("update packets.packet set text = 'untouched'")
    async with packets(engines) as process:
        after = await announce(bus, lesson(4))
        assert await total(process, after) == 4
    assert await connection.fetchval("select count(*) from packets.packet where text = 'untouched'") == 3
    await connection.close()
    await bus.close()
