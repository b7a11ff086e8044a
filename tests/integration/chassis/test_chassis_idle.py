"""What a pool that is closed leaves behind: nothing that would look at it later."""

from __future__ import annotations

import asyncio
from typing import Any

from chassis.database import Database


async def test_a_close_while_the_first_connection_is_made_leaves_no_look_behind(database_url: str) -> None:
    database = Database(database_url, size=1)
    first = asyncio.create_task(database.ping())
    await asyncio.sleep(0)
    await database.close()
    await first
    loop: Any = asyncio.get_running_loop()
    assert [timer for timer in loop._scheduled if "_close_idle" in repr(timer) and not timer.cancelled()] == []
