"""Packets on a database of the test's own, at a time of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

import pytest

from chassis.database import Database
from chassis.migrations import migrate, read_migrations, role_of
from services.packets.counting import ShownCounts
from services.packets.library import Library
from tests.integration.packets.lessons import NOW


@dataclass
class SetClock:
    """A clock that stands where a test puts it."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def library(database_url: str) -> AsyncGenerator[Library]:
    await migrate(database_url, "packets", read_migrations("services.packets"))
    database = Database(database_url, role=role_of("packets"), size=4)
    yield Library(database, ShownCounts(database), SetClock())
    await database.close()
