"""How many connections a process opens at most: as the page for operators has it, and as few as it is told to."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from chassis.bus import Bus
from chassis.channels import Channels
from chassis.clock import SystemClock
from chassis.database import Database
from chassis.identity import Tokens
from chassis.service import Surroundings
from chassis.settings import Settings
from host.catalog import every_service
from host.store import CONNECTIONS, Store
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import REPOSITORY, ROOMY, Spark

PAGE = REPOSITORY / "docs" / "operating.md"
ROW = re.compile(r"^\| (?P<names>`[a-z`, ]+) \| (?P<most>\d+) \|(?P<pools> \d+ \|)$", re.MULTILINE)
AGENTS = 8


async def pools_of(url: str, bus: Bus, home: Path, environment: dict[str, str]) -> dict[str, list[int]]:
    """The pools of each service as it is put together, by how many connections they open at most."""
    found: dict[str, list[int]] = {}
    tokens = Tokens({"token": "local"})
    for service in every_service():
        store, sizes = Store(url, Settings(environment)), found.setdefault(service.name, [])

        def opened(schema: str, size: int, store: Store = store, sizes: list[int] = sizes) -> Database:
            database = store.open(schema, size)
            sizes.append(database.size)
            return database

        service.assemble(Surroundings(SystemClock(), Settings({}), Channels(tokens, {}), tokens, opened, bus, home))
    return found


@pytest.fixture
async def bus(bus_url: str) -> Bus:
    return await Bus.connect(bus_url)


async def test_the_page_for_operators_has_the_pools_of_each_service(
    database_url: str, bus: Bus, tmp_path: Path
) -> None:
    sizes = await pools_of(database_url, bus, tmp_path, {})
    await bus.close()
    told = {
        name: (int(row["most"]), int(row["pools"].strip(" |")))
        for row in ROW.finditer(PAGE.read_text())
        for name in re.findall(r"[a-z]+", row["names"])
    }
    assert told == {name: (sum(own), len(own)) for name, own in sizes.items()}
    everything = sum(sum(own) for own in sizes.values())
    assert f"`spark up` {everything}" in " ".join(PAGE.read_text().split())


@pytest.mark.parametrize("most", [1, 2])
async def test_no_pool_is_larger_than_it_is_told(database_url: str, bus: Bus, tmp_path: Path, most: int) -> None:
    usual = await pools_of(database_url, bus, tmp_path, {})
    fewer = await pools_of(database_url, bus, tmp_path, {CONNECTIONS.environment: str(most)})
    await bus.close()
    assert fewer == {name: [min(most, size) for size in own] for name, own in usual.items()}


async def test_one_connection_a_pool_is_enough(tmp_path: Path, database_url: str) -> None:
    environment = {**ROOMY, "SPARK_DATABASE_URL": database_url, CONNECTIONS.environment: "1"}
    spark = Spark.up(tmp_path / "home", environment=environment)
    observer = await asyncpg.connect(database_url)
    most = 0

    async def works(client: Agent, word: str) -> int:
        nonlocal most
        sequence = sequence_of(await client.learns(word))
        own = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'spark'"
        async with counting:
            most = max(most, await observer.fetchval(own) - 1)
        return sequence

    counting = asyncio.Lock()
    words = [f"word{number}" for number in range(AGENTS)]
    try:
        async with spark.http() as client:
            await spark.settle(max(await asyncio.gather(*(works(Agent(client, "/srv/one"), word) for word in words))))
            for word in words:
                told = await Agent(client, "/srv/one").fails(failing(word), unknown_flag(word))
                assert working(word) in advice_in(told)
    finally:
        await observer.close()
        assert spark.stop() == 0
    # One of each of the eight pools.
    assert 0 < most <= 8
