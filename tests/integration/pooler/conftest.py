"""A PgBouncer before the session's Postgres."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from bench.pgbouncer import PgBouncer, PgBouncerMissing, start_pgbouncer
from host.engines import Postgres

SIZE = 4


@contextmanager
def pooler_before(postgres: Postgres, size: int) -> Generator[PgBouncer]:
    """A PgBouncer with so many connections. Where there is none the test is skipped, but under CI it fails: there it
    must run. Its folder has a short name, as the path of a socket must."""
    with TemporaryDirectory(prefix="pooler-") as folder:
        try:
            started = start_pgbouncer(Path(folder) / "b", postgres.url, size=size)
        except PgBouncerMissing as missing:
            pytest.fail(str(missing)) if os.environ.get("CI") else pytest.skip(str(missing))
        yield started
        started.stop()


@pytest.fixture
def pgbouncer(postgres: Postgres) -> Generator[PgBouncer]:
    """Lends four connections."""
    with pooler_before(postgres, SIZE) as started:
        yield started


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
