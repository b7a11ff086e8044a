"""Windows whose edge lies where what is raw has gone, or is about to: side by side they count everything once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chassis.database import Database
from services.telemetry.retention import Retention
from tests.integration.telemetry.happenings import ended, judged, observed, seen
from tests.integration.telemetry.test_telemetry_retention import SetClock
from tests.integration.telemetry.test_telemetry_windows import window
from tests.integration.telemetry.world import World, decided

NOW = datetime.now(UTC)


async def counts(world: World, since: datetime, until: datetime) -> tuple[int, ...]:
    told = await window(world, since, until)
    listed = (told.outcomes, told.faults, told.moments)
    return told.decisions, sum(each.count for each in told.generations), *(sum(e.count for e in of) for of in listed)


async def test_windows_side_by_side_count_all_once_however_old_they_are(world: World, database_url: str) -> None:
    hour = (NOW - timedelta(days=15)).replace(minute=0, second=0, microsecond=0)
    times = [hour + timedelta(minutes=minute) for minute in (10, 50)]
    for at in times:
        await world.record(decided(observed_at=at))
        await world.announce(
            observed(f"{at}", at=at), judged(f"advice-{at:%M}", given_at=at), ended(f"call-{at:%M}", at=at)
        )
        await world.announce(seen("bus", "lost", at=at))
    edges = [hour - timedelta(hours=1), hour + timedelta(minutes=30), hour + timedelta(hours=2)]

    async def both() -> list[int]:
        each = [await counts(world, edges[0], edges[1]), await counts(world, edges[1], edges[2])]
        return [sum(column) for column in zip(*each, strict=True)]

    assert await both() == [2] * 5
    database = Database(database_url, role="spark_telemetry")
    try:
        assert await Retention(database, SetClock(NOW)).sweep()
    finally:
        await database.close()
    assert await both() == [2] * 5
