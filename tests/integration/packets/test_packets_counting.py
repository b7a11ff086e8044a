"""What was shown is counted behind the claim, and nothing counted is lost to an outage."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from chassis.database import Database
from chassis.faults import StoreUnavailable
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from services.packets.counting import ShownCounts
from services.packets.library import Library, packet_of
from tests.integration.packets.conftest import SetClock
from tests.integration.packets.lessons import lesson


async def shown(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select packet_id, usage_count from packets.packet")
    await connection.close()
    return {row[0]: row[1] for row in rows}


async def test_what_was_shown_is_counted(database_url: str) -> None:
    await migrate(database_url, "packets", read_migrations("services.packets"))
    database = Database(database_url, role=role_of("packets"), size=2)
    counts = ShownCounts(database)
    library = Library(database, counts, SetClock(), timedelta(days=90))
    for number in (1, 2):
        await library.put("local", packet_of(lesson(number)))
    first, second = f"{1:032x}", f"{2:032x}"
    counts.note("local", [first, second])
    counts.note("local", [first])
    counts.note("elsewhere", [second])
    await counts.flush()
    assert await shown(database_url) == {first: 2, second: 1}

    counts.note("local", [second])
    await database.close()
    with pytest.raises(StoreUnavailable):
        await counts.flush()
    again = Database(database_url, role=role_of("packets"), size=1)
    counts._database = again  # pyright: ignore[reportPrivateUsage]
    await counts.start()
    await counts.stop()
    assert await shown(database_url) == {first: 2, second: 2}
    await again.close()
