"""An outbox on a real Postgres and a real NATS: what was written is published once and in order, whatever goes away."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

import pytest

from chassis.bus import Bus
from chassis.database import Database
from chassis.events import event_type
from chassis.outbox import AT_ONCE, Announcement, Outbox, Relay
from host.engines import Nats
from spark.packets.v1 import judged_pb2
from tests.integration.chassis.waiting import eventually

KIND = event_type(judged_pb2.AdviceJudged)
OUTBOX = Outbox("told", KIND)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def told(number: int, *place: str) -> Announcement:
    subject = KIND.subject_for(*(place or ("local", "project", "session")))
    return Announcement(f"event{number}", subject, AT, b"%d" % number)


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    database = Database(database_url, size=4)
    async with database.connection() as connection:
        await connection.execute(
            """create schema told; create table told.outbox (id bigint generated always as identity primary key,
               event_id text not null, subject text not null, occurred_at timestamptz not null, data bytea not null)"""
        )
    yield database
    await database.close()


async def write(database: Database, announcements: Sequence[Announcement]) -> None:
    async with database.transaction() as connection:
        await OUTBOX.add(connection, announcements)


async def waiting(database: Database) -> int:
    async with database.connection() as connection:
        return await connection.fetchval("select count(*) from told.outbox")


async def published(bus: Bus) -> list[int]:
    state = (await bus.jetstream.stream_info(KIND.stream)).state
    messages = [await bus.jetstream.get_msg(KIND.stream, place) for place in range(1, state.last_seq + 1)]
    return [int(message.data or b"") for message in messages]


async def test_what_was_written_is_published_in_order_and_once(database: Database, bus: Bus) -> None:
    many = range(2 * AT_ONCE + 1)
    await write(database, [told(number) for number in many])
    relay = Relay(database, bus, OUTBOX)
    await relay.flush()
    assert await published(bus) == list(many)
    assert (await waiting(database), relay.last_sequence) == (0, len(many))
    # As after a crash between publishing and clearing.
    await write(database, [told(number) for number in (1, 2, 1000)])
    await relay.flush()
    assert await published(bus) == [*many, 1000]


async def test_two_relays_at_once_publish_each_once(database: Database, bus: Bus) -> None:
    await write(database, [told(number) for number in range(300)])
    await asyncio.gather(*(Relay(database, bus, OUTBOX).flush() for _ in range(3)))
    assert sorted(await published(bus)) == list(range(300))


async def test_it_publishes_behind_whoever_wakes_it_and_waits_for_the_bus(
    database: Database, bus: Bus, nats: Nats
) -> None:
    relay = Relay(database, bus, OUTBOX)
    await relay.start()
    await write(database, [told(1)])
    relay.wake()
    await eventually(lambda: relay.last_sequence == 1)
    os.kill(nats.pid, signal.SIGKILL)
    await eventually(lambda: not bus.connected)
    await write(database, [told(2), told(3)])
    relay.wake()
    assert await waiting(database) == 2
    await nats.restart()
    # Nobody wakes it again.
    await eventually(lambda: relay.last_sequence == 3)
    assert await published(bus) == [1, 2, 3]
    await eventually(lambda: nothing_waits(database))
    await relay.stop()


async def test_it_stops_however_lately_it_was_woken(database: Database, bus: Bus) -> None:
    for turns in range(5):
        await write(database, [told(turns)])
        relay = Relay(database, bus, OUTBOX)
        await relay.start()
        await eventually(lambda relay=relay, turns=turns: relay.last_sequence == turns + 1)
        relay.wake()
        for _ in range(turns):
            await asyncio.sleep(0)
        _, late = await asyncio.wait([asyncio.create_task(relay.stop())], timeout=5)
        assert not late


async def nothing_waits(database: Database) -> bool:
    return await waiting(database) == 0


async def test_what_waits_is_erased_by_its_place_alone(database: Database, bus: Bus) -> None:
    places = [("local", "p1", "s1"), ("local", "p1", "s.2"), ("local", "p2", "s1"), ("other", "p1", "s1")]
    for erased, left in ((("local", "", "s.2"), [0, 2, 3]), (("local", "p1", ""), [2, 3]), (("", "", "s1"), [1])):
        await write(database, [told(number, *place) for number, place in enumerate(places)])
        async with database.transaction() as connection:
            await OUTBOX.erase(connection, *erased)
            assert [int(each.data) for _, each in await OUTBOX.read(connection, 10)] == left
            await connection.execute("delete from told.outbox")
