"""Migrations on a real Postgres: once each, all or nothing, in a schema that belongs to the service's own role."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from chassis.database import Database
from chassis.migrating import migrate
from chassis.migrations import Migration, MigrationError, role_of

FIRST = Migration(1, "0001_first", "create table catalogue.first (n integer); insert into catalogue.first values (1);")
SECOND = Migration(2, "0002_second", "alter table catalogue.first add column m integer;")
BROKEN = Migration(3, "0003_broken", "create table catalogue.third (n integer); select * from catalogue.missing;")
PROCESSES = 3
MIGRATE = """
import asyncio, sys
from chassis.migrating import migrate
from chassis.migrations import read_migrations
found = read_migrations("migrated_service")
print("ready", flush=True)
sys.stdin.readline()
print(",".join(asyncio.run(migrate(sys.argv[1], "catalogue", found))))
"""


@pytest.fixture
async def observer(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def applied(observer: asyncpg.Connection) -> list[str]:
    rows = await observer.fetch("select name from catalogue.migration order by version")
    return [row["name"] for row in rows]


async def test_what_is_missing_is_applied_once(database_url: str, observer: asyncpg.Connection) -> None:
    assert await migrate(database_url, "catalogue", [FIRST]) == ["0001_first"]
    assert await migrate(database_url, "catalogue", [FIRST, SECOND]) == ["0002_second"]
    assert await migrate(database_url, "catalogue", [FIRST, SECOND]) == []
    assert await applied(observer) == ["0001_first", "0002_second"]
    assert await observer.fetch("select n, m from catalogue.first") == [(1, None)]


async def test_processes_that_migrate_at_once_apply_each_file_once(
    database_url: str, observer: asyncpg.Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "migrated_service" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    # Long enough for the others to come upon it half done.
    (folder / "0001_first.sql").write_text(f"{FIRST.sql} select pg_sleep(0.2);")
    (folder / "0002_second.sql").write_text(SECOND.sql)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))}
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MIGRATE, database_url),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert sorted(out.decode().strip() for out, _ in told) == ["", "", "0001_first,0002_second"]
    assert await observer.fetch("select n from catalogue.first") == [(1,)]


async def test_a_changed_file_is_refused_and_changes_nothing(database_url: str, observer: asyncpg.Connection) -> None:
    await migrate(database_url, "catalogue", [FIRST])
    changed = Migration(1, "0001_first", FIRST.sql + " -- changed")
    with pytest.raises(MigrationError, match="0001_first was changed after it was applied"):
        await migrate(database_url, "catalogue", [changed, SECOND])
    assert await applied(observer) == ["0001_first"]


async def test_a_database_newer_than_the_program_is_refused(database_url: str, observer: asyncpg.Connection) -> None:
    await migrate(database_url, "catalogue", [FIRST, SECOND])
    with pytest.raises(MigrationError, match="the database has 0002_second, which this Spark lacks; update Spark"):
        await migrate(database_url, "catalogue", [FIRST])
    assert await applied(observer) == ["0001_first", "0002_second"]


async def test_a_file_that_fails_leaves_nothing_of_itself(database_url: str, observer: asyncpg.Connection) -> None:
    await migrate(database_url, "catalogue", [FIRST])
    with pytest.raises(MigrationError, match=r'catalogue: 0003_broken failed: .*"catalogue\.missing" does not exist'):
        await migrate(database_url, "catalogue", [FIRST, SECOND, BROKEN])
    assert await applied(observer) == ["0001_first", "0002_second"]
    assert await observer.fetchval("select to_regclass('catalogue.third')") is None
    assert await migrate(database_url, "catalogue", [FIRST, SECOND]) == []


async def test_a_file_that_fails_leaves_a_new_schema_empty(database_url: str, observer: asyncpg.Connection) -> None:
    with pytest.raises(MigrationError, match="0003_broken failed"):
        await migrate(database_url, "catalogue", [FIRST, SECOND, BROKEN])
    assert await observer.fetchval("select to_regnamespace('catalogue')") is None


async def test_the_schema_belongs_to_a_role_that_cannot_log_in(database_url: str, observer: asyncpg.Connection) -> None:
    await migrate(database_url, "catalogue", [FIRST])
    role = role_of("catalogue")
    owner = "select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'catalogue'"
    assert await observer.fetchval(owner) == role
    tables = await observer.fetch("select tablename, tableowner from pg_tables where schemaname = 'catalogue'")
    assert {tuple(row) for row in tables} == {("migration", role), ("first", role)}
    assert await observer.fetchval("select rolcanlogin or rolsuper from pg_roles where rolname = $1", role) is False


async def test_a_service_reaches_its_own_schema_and_no_other(database_url: str) -> None:
    await migrate(database_url, "catalogue", [FIRST])
    await migrate(database_url, "orders", [Migration(1, "0001_first", "create table orders.first (n integer);")])
    orders = Database(database_url, role=role_of("orders"))
    async with orders.transaction() as connection:
        await connection.execute("insert into orders.first values (1)")
    for statement in ("select * from catalogue.first", "create table catalogue.mine ()", "create schema mine"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with orders.connection() as connection:
                await connection.execute(statement)
    await orders.close()
