"""Migrations beside processes that are at work: nobody waits behind one, and none is applied twice or by halves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from chassis.faults import StoreUnavailable
from chassis.migrating import LOCK, LOCK_WAIT_MS, migrate
from chassis.migrations import OUTSIDE, Migration, MigrationError, look, require, role_of
from host.catalog import every_service
from host.store import migrate_all, standings
from tests.integration.chassis.waiting import BUSY_S, eventually

SCHEMA = "catalogue"
FIRST = Migration(
    1, "0001_first", "create table catalogue.item (n integer); insert into catalogue.item values (1), (1);"
)
COLUMN = Migration(2, "0002_column", "alter table catalogue.item add column m integer not null default 7;")
INDEX = Migration(3, "0003_index", f"{OUTSIDE}\ncreate index concurrently if not exists item_n on catalogue.item (n);")
UNIQUE = Migration(
    3, "0003_unique", f"{OUTSIDE}\ncreate unique index concurrently if not exists item_n on catalogue.item (n);"
)
READ = "select count(*) from catalogue.item"
VALID = "select indisvalid from pg_index where indexrelid = to_regclass('catalogue.item_n')"


@pytest.fixture
async def observer(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def somebody_reads(database_url: str) -> AsyncGenerator[None]:
    """A reader that has not let go of the table."""
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.fetchval(READ)
        yield
    await connection.close()


async def applied(observer: asyncpg.Connection) -> list[str]:
    rows = await observer.fetch("select name from catalogue.migration order by version")
    return [row["name"] for row in rows]


def waits(caplog: pytest.LogCaptureFixture) -> int:
    """How often a migration let go and waits to try again."""
    return sum(getattr(record, "action", "") == "migration_waits" for record in caplog.records)


async def test_nobody_waits_behind_a_migration_that_waits(
    database_url: str, observer: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await migrate(database_url, SCHEMA, [FIRST])
    slowest = 0.0
    async with somebody_reads(database_url):
        job = asyncio.create_task(migrate(database_url, SCHEMA, [FIRST, COLUMN]))
        while waits(caplog) < 3:
            began = time.monotonic()
            await observer.fetchval(READ)
            slowest = max(slowest, time.monotonic() - began)
            assert not job.done()
            await asyncio.sleep(0)
        assert await applied(observer) == ["0001_first"]
    assert await job == ["0002_column"]
    # Each try holds up those who come meanwhile, and no longer than it waits itself.
    assert LOCK_WAIT_MS / 2000 < slowest < LOCK_WAIT_MS / 1000 + BUSY_S
    assert await observer.fetch("select m from catalogue.item") == [(7,), (7,)]


async def test_a_migration_that_cannot_have_its_locks_says_so(database_url: str, observer: asyncpg.Connection) -> None:
    await migrate(database_url, SCHEMA, [FIRST])
    async with somebody_reads(database_url):
        with pytest.raises(MigrationError, match=r"0002_column could not have its locks.*run `spark migrate` again"):
            await migrate(database_url, SCHEMA, [FIRST, COLUMN], patience_s=0.1)
    assert await applied(observer) == ["0001_first"]


async def test_two_jobs_build_an_index_beside_a_writer_once(database_url: str, observer: asyncpg.Connection) -> None:
    await migrate(database_url, SCHEMA, [FIRST])
    files = [FIRST, COLUMN, INDEX]
    writer = await asyncpg.connect(database_url)
    async with writer.transaction():
        await writer.execute("insert into catalogue.item values (2)")
        jobs = [asyncio.create_task(migrate(database_url, SCHEMA, files[:1] + files[2:])) for _ in range(2)]

        async def building() -> bool:
            return await observer.fetchval(VALID) is False

        # The index waits for the writer to end; the writer goes on meanwhile, and so do others.
        await eventually(building)
        await writer.execute("insert into catalogue.item values (3)")
        await observer.execute("insert into catalogue.item values (4)")
    assert sorted(await asyncio.gather(*jobs)) == [[], ["0003_index"]]
    await writer.close()
    assert await observer.fetchval(VALID) is True
    assert await applied(observer) == ["0001_first", "0003_index"]
    owner = "select pg_get_userbyid(relowner) from pg_class where oid = 'catalogue.item_n'::regclass"
    assert await observer.fetchval(owner) == role_of(SCHEMA)


async def test_a_server_that_ends_idle_transactions_does_not_end_the_turn_of_a_job(
    database_url: str, observer: asyncpg.Connection
) -> None:
    await migrate(database_url, SCHEMA, [FIRST])
    name = urlsplit(database_url).path.removeprefix("/")
    writer = await asyncpg.connect(database_url)
    async with writer.transaction():
        await writer.execute("insert into catalogue.item values (2)")
        await observer.execute(f"alter database {name} set idle_in_transaction_session_timeout = '100ms'")
        job = asyncio.create_task(migrate(database_url, SCHEMA, [FIRST, INDEX]))
        await asyncio.sleep(0.5)
        with pytest.raises(MigrationError, match="another migration is at work"):
            await migrate(database_url, SCHEMA, [FIRST, INDEX], patience_s=0)
    assert await job == ["0003_index"]
    await writer.close()


async def test_a_job_whose_connection_is_lost_says_so(
    database_url: str, observer: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await migrate(database_url, SCHEMA, [FIRST])
    async with somebody_reads(database_url):
        job = asyncio.create_task(migrate(database_url, SCHEMA, [FIRST, COLUMN]))

        async def waiting() -> bool:
            return waits(caplog) > 0

        await eventually(waiting)
        await observer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
            "and query !~ 'count|pg_terminate'"
        )
        with pytest.raises(StoreUnavailable, match="run `spark migrate` again"):
            await job
    assert await applied(observer) == ["0001_first"]


async def test_an_index_that_was_left_half_built_is_built_anew(database_url: str, observer: asyncpg.Connection) -> None:
    await migrate(database_url, SCHEMA, [FIRST])
    with pytest.raises(MigrationError, match="0003_unique failed: could not create unique index"):
        await migrate(database_url, SCHEMA, [FIRST, UNIQUE])
    assert await observer.fetchval(VALID) is False
    assert await applied(observer) == ["0001_first"]
    await observer.execute("delete from catalogue.item")
    assert await migrate(database_url, SCHEMA, [FIRST, UNIQUE]) == ["0003_unique"]
    assert await observer.fetchval(VALID) is True


async def test_files_within_and_outside_a_transaction_make_a_new_schema(
    database_url: str, observer: asyncpg.Connection
) -> None:
    assert await migrate(database_url, SCHEMA, [FIRST, COLUMN, INDEX]) == ["0001_first", "0002_column", "0003_index"]
    assert await observer.fetchval(VALID) is True


async def test_a_job_at_work_keeps_no_process_from_starting(database_url: str, observer: asyncpg.Connection) -> None:
    assert len(await migrate_all(every_service(), database_url)) > len(every_service())
    await observer.execute("select pg_advisory_lock($1)", LOCK)
    async with asyncio.timeout(5):
        assert await migrate_all(every_service(), database_url) == []
    with pytest.raises(MigrationError, match="another migration is at work"):
        await migrate(database_url, SCHEMA, [FIRST], patience_s=0.1)


async def test_looking_changes_nothing(database_url: str, observer: asyncpg.Connection) -> None:
    found = await standings(every_service(), database_url)
    assert all(standing.missing and not standing.unknown for standing in found.values())
    assert await observer.fetchval("select count(*) from pg_namespace where nspname = any($1)", list(found)) == 0


async def test_a_process_that_may_not_migrate_needs_its_own_migrations(database_url: str) -> None:
    with pytest.raises(MigrationError, match="catalogue: the database lacks 0001_first; run `spark migrate` first"):
        await require(database_url, SCHEMA, [FIRST])
    await migrate(database_url, SCHEMA, [FIRST])
    await require(database_url, SCHEMA, [FIRST])
    with pytest.raises(MigrationError, match="lacks 0002_column, 0003_index; run"):
        await require(database_url, SCHEMA, [FIRST, COLUMN, INDEX])
    with pytest.raises(MigrationError, match="0001_first was changed after it was applied"):
        await require(database_url, SCHEMA, [Migration(1, "0001_first", "select 1")])


async def test_a_process_that_may_not_migrate_starts_on_a_newer_schema(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await migrate(database_url, SCHEMA, [FIRST, COLUMN])
    with caplog.at_level(logging.WARNING, "chassis"):
        await require(database_url, SCHEMA, [FIRST])
    (told,) = [record for record in caplog.records if getattr(record, "action", "") == "schema_newer"]
    assert told.levelname == "WARNING"
    assert (await look(database_url, SCHEMA, [FIRST])).unknown == ("0002_column",)
    # The job itself never works on what it does not know.
    with pytest.raises(MigrationError, match="the database has 0002_column, which this Spark lacks; update Spark"):
        await migrate(database_url, SCHEMA, [FIRST])
