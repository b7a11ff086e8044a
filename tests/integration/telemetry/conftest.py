from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from chassis.identifiers import new_ulid
from host.engines import Postgres, start_nats, start_postgres
from tests.integration.telemetry.world import World, open_world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Postgres]:
    folder = tmp_path_factory.mktemp("postgres")
    engine = await start_postgres(folder, folder / "run")
    yield engine
    await engine.stop()


@pytest.fixture
async def database_url(postgres: Postgres) -> AsyncGenerator[str]:
    """A fresh database."""
    name = f"test_{new_ulid().lower()}"
    owner = await asyncpg.connect(postgres.url)
    try:
        await owner.execute(f"create database {name}")
        yield urlunsplit(urlsplit(postgres.url)._replace(path=f"/{name}"))
        await owner.execute(f"drop database {name} with (force)")
    finally:
        await owner.close()


@pytest.fixture
async def bus_url(tmp_path: Path) -> AsyncGenerator[str]:
    """A fresh NATS."""
    engine = await start_nats(tmp_path / "bus", tmp_path / "bus" / "run")
    yield engine.url
    await engine.stop()


@pytest.fixture
async def world(database_url: str, bus_url: str) -> AsyncGenerator[World]:
    """The service at work on a fresh database and bus."""
    async with open_world(database_url, bus_url) as world:
        yield world
