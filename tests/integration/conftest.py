"""A real PostgreSQL for the session and a real NATS for each test, both Spark's own embedded engines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from chassis.calls import CallContext, current_call
from chassis.identifiers import new_ulid
from host.engines import Nats, Postgres, start_nats, start_postgres


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Postgres]:
    """The server behind `database_url`. A test that restarts it must run in the session's loop."""
    folder = tmp_path_factory.mktemp("postgres")
    engine = await start_postgres(folder, folder / "run")
    yield engine
    await engine.stop()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def database_url(postgres: Postgres) -> AsyncGenerator[str]:
    """An empty database of its own for the test."""
    name = f"test_{new_ulid().lower()}"
    await _execute(postgres.url, f"create database {name} template template0")
    yield urlunsplit(urlsplit(postgres.url)._replace(path=f"/{name}"))
    await _execute(postgres.url, f"drop database {name} with (force)")


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[Nats]:
    """The server behind `bus_url`, empty; a restart keeps its address."""
    engine = await start_nats(tmp_path / "nats", tmp_path / "nats" / "run")
    yield engine
    await engine.stop()


@pytest.fixture
def bus_url(nats: Nats) -> str:
    """An empty bus of its own for the test."""
    return nats.url


@pytest.fixture
def calling() -> Generator[None]:
    """As within a call of the workspace `local`."""
    token = current_call.set(CallContext("test", "local"))
    yield
    current_call.reset(token)
