"""The books on a database of the test's own, at a time of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from chassis.database import Database
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of

NOON = datetime(2031, 3, 1, 12, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that stands where a test puts it."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """The schema of inference, empty."""
    await migrate(database_url, "inference", read_migrations("services.inference"))
    database = Database(database_url, role=role_of("inference"), size=3)
    yield database
    await database.close()


@pytest.fixture
async def other_database(database: Database, database_url: str) -> AsyncGenerator[Database]:
    """The same schema, as another process reaches it."""
    other = Database(database_url, role=role_of("inference"), size=3)
    yield other
    await other.close()
