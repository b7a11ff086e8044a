"""A PgBouncer before the session's Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from host.engines import Postgres
from tests.integration.pooler.pgbouncer import PgBouncer, start_pgbouncer

SIZE = 4


@pytest.fixture
def pgbouncer(postgres: Postgres) -> Generator[PgBouncer]:
    """Lends four connections. Its folder has a short name, as the path of a socket must."""
    with TemporaryDirectory(prefix="pooler-") as folder:
        started = start_pgbouncer(Path(folder) / "b", postgres.url, size=SIZE)
        yield started
        started.stop()


@pytest.fixture
def pooled_url(pgbouncer: PgBouncer, database_url: str) -> str:
    """The test's own database through the pooler."""
    return pgbouncer.url_to(database_url)


@pytest.fixture
async def observer(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection of the test's own, past the pooler."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
