"""Packets on a database of the test's own, at a time of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from chassis.database import Database
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from services.packets.counting import ShownCounts
from services.packets.feedback import Feedback
from services.packets.learning import Learning
from services.packets.library import Library
from tests.integration.packets.lessons import NOW

HALF_LIFE = timedelta(days=90)


@dataclass
class SetClock:
    """A clock that stands where a test puts it."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """The schema of packets, empty."""
    await migrate(database_url, "packets", read_migrations("services.packets"))
    database = Database(database_url, role=role_of("packets"), size=4)
    yield database
    await database.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def library(database: Database, clock: SetClock) -> Library:
    return Library(database, ShownCounts(database), clock, timedelta(days=90))


@pytest.fixture
def learning(database: Database, clock: SetClock) -> Learning:
    return Learning(database, clock, HALF_LIFE)


@pytest.fixture
def feedback(database: Database, clock: SetClock) -> Feedback:
    return Feedback(database, clock, HALF_LIFE)
