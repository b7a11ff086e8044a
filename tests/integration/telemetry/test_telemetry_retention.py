from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg

from chassis.database import Database
from services.telemetry.hearing import decision_from
from services.telemetry.postgres import Decisions
from services.telemetry.retention import Retention
from tests.integration.engines.waiting import eventually
from tests.integration.telemetry.world import World, decided, ids, open_world

TODAY = datetime(2031, 3, 1, 12, tzinfo=UTC)


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time


async def test_each_day_has_its_partition(world: World) -> None:
    midnight = datetime(2031, 3, 1, tzinfo=UTC)
    await world.record(
        decided("1", observed_at=midnight - timedelta(microseconds=1)),
        decided("2", observed_at=midnight),
        decided("3", observed_at=midnight + timedelta(days=1, microseconds=-1)),
        decided("4", observed_at=midnight + timedelta(days=40)),
    )
    assert await world.days() == [f"telemetry.decision_{day}" for day in ("20310228", "20310301", "20310410")]
    assert ids(await world.listed()) == ["4", "3", "2", "1"]


async def test_an_old_recording_is_kept_by_when_it_was_seen(world: World) -> None:
    seen = datetime.now(UTC)
    await world.record(decided("1", occurred_at=seen - timedelta(days=200), observed_at=seen))
    assert await world.days() == [f"telemetry.decision_{seen:%Y%m%d}"]
    assert ids(await world.listed()) == ["1"]


async def test_days_out_of_keeping_are_dropped_at_the_start(database_url: str, bus_url: str) -> None:
    clock = SetClock(TODAY - timedelta(days=15))
    async with open_world(database_url, bus_url, clock) as world:
        await world.record(*(decided(f"{ago:02}", observed_at=TODAY - timedelta(days=ago)) for ago in range(18)))
        assert len(await world.days()) == 18
    clock.time = TODAY
    async with open_world(database_url, bus_url, clock) as world:
        await eventually(lambda: kept(world, 15))
        assert ids(await world.listed()) == [f"{ago:02}" for ago in range(15)]
        # A day that was dropped can be made again.
        await world.record(decided("17", observed_at=TODAY - timedelta(days=17)))
        assert len(await world.days()) == 16


async def test_days_are_dropped_as_time_goes_on(world: World, database_url: str) -> None:
    await world.record(*(decided(f"{ago:02}", observed_at=TODAY - timedelta(days=ago)) for ago in range(3)))
    database = Database(database_url, role="spark_telemetry")
    clock = SetClock(TODAY)
    retention = Retention(database, clock, every_s=0.01)
    await retention.start()
    try:
        for days, left in ((13, 2), (14, 1), (15, 0)):
            clock.time = TODAY + timedelta(days=days)
            await eventually(lambda left=left: kept(world, left))
    finally:
        await retention.stop()
        await database.close()


async def test_a_sweep_gives_way_to_a_long_reader_and_comes_again(world: World, database_url: str) -> None:
    await world.record(decided(observed_at=TODAY))
    database = Database(database_url, role="spark_telemetry")
    retention = Retention(database, SetClock(TODAY + timedelta(days=30)), every_s=0.01)
    reader = await asyncpg.connect(database_url)
    try:
        async with reader.transaction():
            await reader.fetchval("select count(*) from telemetry.decision")
            await retention.start()
            await eventually(lambda: waits_for_a_lock(world))
            # It has given up, so that those who came after it are served.
            assert len(await world.listed()) == 1
            assert len(await world.days()) == 1
        await eventually(lambda: kept(world, 0))
    finally:
        await retention.stop()
        await database.close()
        await reader.close()


async def test_a_day_dropped_by_another_process_is_made_again(world: World) -> None:
    await world.record(decided(observed_at=TODAY))
    await world.tables.execute("drop table telemetry.decision_20310301")
    await world.record(decided("again", observed_at=TODAY))
    assert ids(await world.listed()) == ["again"]


async def test_two_processes_may_store_the_same_new_days_at_once(world: World, database_url: str) -> None:
    databases = [Database(database_url, role="spark_telemetry", size=1) for _ in range(4)]
    decisions = [decision_from(decided(observed_at=TODAY - timedelta(days=n)).SerializeToString()) for n in range(10)]
    try:
        stored = await asyncio.gather(
            *(
                Decisions(database).add(decisions[::step])
                for database, step in zip(databases, (1, -1, 1, -1), strict=True)
            )
        )
    finally:
        for database in databases:
            await database.close()
    assert sum(map(len, stored)) == 10
    assert await world.rows() == 10


async def test_two_processes_may_store_the_same_decisions_at_once(world: World, database_url: str) -> None:
    databases = [Database(database_url, role="spark_telemetry", size=1) for _ in range(2)]
    one, other = (Decisions(database) for database in databases)
    try:
        for _ in range(20):
            batch = [decision_from(decided(observed_at=TODAY).SerializeToString()) for _ in range(200)]
            stored = await asyncio.gather(one.add(batch), other.add(batch[::-1]))
            assert sum(map(len, stored)) == 200
    finally:
        for database in databases:
            await database.close()
    assert await world.rows() == 20 * 200


async def kept(world: World, partitions: int) -> bool:
    return len(await world.days()) == partitions


async def waits_for_a_lock(world: World) -> bool:
    return bool(await world.tables.fetchval("select count(*) from pg_locks where not granted"))
