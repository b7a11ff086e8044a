"""What holds of a service's connections where each use may have another connection of the server's."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from chassis.database import CONNECT_SECONDS, Database
from chassis.faults import InvalidArgument, StoreUnavailable
from chassis.identifiers import new_ulid
from chassis.migrating import migrate
from chassis.migrations import OUTSIDE, Migration, MigrationError, role_of
from chassis.pooled_database import PooledDatabase
from host.engines import Postgres
from tests.integration.chassis.waiting import eventually
from tests.integration.pooler.conftest import SIZE, pooler_before

SCHEMAS = ("catalogue", "orders")
KEPT = "create table {}.kept (n integer primary key); insert into {}.kept select generate_series(1, 20);"
SEEN = """
    select current_user, current_setting('plan_cache_mode'), current_setting('enable_seqscan'),
        current_setting('synchronous_commit')
"""
AS_IT_IS = ("auto", "on", "on")
"""Of a session for which nobody has set anything."""
USES = 40


@pytest.fixture
async def schemas(database_url: str) -> None:
    for schema in SCHEMAS:
        await migrate(database_url, schema, [Migration(1, "0001_kept", KEPT.format(schema, schema))])


@pytest.fixture
async def database(schemas: None, pooled_url: str) -> AsyncGenerator[PooledDatabase]:
    database = PooledDatabase(pooled_url, role=role_of("catalogue"), size=2)
    yield database
    await database.close()


async def seen(connection: asyncpg.Connection) -> tuple[str, ...]:
    return tuple(await connection.fetchrow(SEEN) or ())


async def test_role_plans_and_durability_hold_within_a_use(database: PooledDatabase) -> None:
    role = role_of("catalogue")
    async with database.connection() as connection:
        assert await seen(connection) == (role, "force_generic_plan", "off", "off")
        assert connection.is_in_transaction()
    async with database.transaction() as connection:
        assert await seen(connection) == (role, "force_generic_plan", "off", "on")
    async with database.transaction(durable=False) as connection:
        assert await seen(connection) == (role, "force_generic_plan", "off", "off")


async def test_no_use_finds_what_another_has_set(
    schemas: None, pooled_url: str, database_url: str, observer: asyncpg.Connection
) -> None:
    databases = {
        role_of(schema): [PooledDatabase(pooled_url, role=role_of(schema), size=5) for _ in range(2)]
        for schema in SCHEMAS
    }
    strangers = [await asyncpg.connect(pooled_url, statement_cache_size=0) for _ in range(10)]
    pids: set[int] = set()

    async def use(database: Database, role: str, n: int) -> None:
        async with database.transaction() if n % 2 else database.connection() as connection:
            assert (await seen(connection))[0] == role
            pids.add(await connection.fetchval("select pg_backend_pid()"))
            schema, other = sorted(SCHEMAS, key=lambda name: role_of(name) != role)
            assert await connection.fetchval(f"select count(*) from {schema}.kept where n = $1", n % 20 + 1) == 1
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.fetchval(f"select count(*) from {other}.kept")
            assert (await seen(connection))[0] == role

    async def look(stranger: asyncpg.Connection) -> None:
        for _ in range(USES):
            user, *settings = await seen(stranger)
            assert user == "spark"
            assert tuple(settings) == AS_IT_IS

    await asyncio.gather(
        *(use(each, role, n) for role, own in databases.items() for each in own for n in range(USES)),
        *map(look, strangers),
    )
    assert len(pids) <= SIZE
    own = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    assert await observer.fetchval(own) <= SIZE
    for stranger in strangers:
        await stranger.close()
    for database in [each for own in databases.values() for each in own]:
        await database.close()


async def test_what_fails_within_is_taken_back_alone(database: PooledDatabase, observer: asyncpg.Connection) -> None:
    async with database.transaction() as connection:
        await connection.execute("insert into catalogue.kept values (21)")
        with pytest.raises(asyncpg.UniqueViolationError):
            async with connection.transaction():
                await connection.copy_records_to_table(
                    "kept", schema_name="catalogue", columns=["n"], records=[(22,), (1,)]
                )
        await connection.copy_records_to_table("kept", schema_name="catalogue", columns=["n"], records=[(23,)])
    assert [row[0] for row in await observer.fetch("select n from catalogue.kept where n > 20")] == [21, 23]


async def test_a_use_that_fails_changes_nothing(database: PooledDatabase, observer: asyncpg.Connection) -> None:
    async def fail() -> None:
        async with database.connection() as connection:
            await connection.execute("insert into catalogue.kept values ($1)", 21)
            await connection.fetchval("select 1 / $1::integer", 0)

    with pytest.raises(asyncpg.DivisionByZeroError):
        await fail()
    with pytest.raises(InvalidArgument):
        async with database.connection() as connection:
            await connection.fetchval("select $1::text", "nul \0 inside")
    await database.ping()
    assert await observer.fetchval("select max(n) from catalogue.kept") == 20


async def test_a_use_that_is_cancelled_holds_nothing(database: PooledDatabase, observer: asyncpg.Connection) -> None:
    begun = asyncio.Event()

    async def slow() -> None:
        async with database.connection() as connection:
            await connection.execute("insert into catalogue.kept values (21)")
            begun.set()
            await connection.execute("select pg_sleep(600)")

    async def sleeping() -> int:
        return await observer.fetchval(
            "select count(*) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
        )

    async def asleep() -> bool:
        return await sleeping() == 1

    async def gone() -> bool:
        return await sleeping() == 0

    task = asyncio.create_task(slow())
    await begun.wait()
    await eventually(asleep)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(gone)
    await database.ping()
    assert await observer.fetchval("select max(n) from catalogue.kept") == 20


async def test_one_view_of_one_instant_row_by_row(database: PooledDatabase, observer: asyncpg.Connection) -> None:
    async with database.view() as connection:
        read = [row[0] async for row in connection.cursor("select n from catalogue.kept where n > $1 order by n", 18)]
        await observer.execute("insert into catalogue.kept values (21)")
        assert await connection.fetchval("select max(n) from catalogue.kept") == 20
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with connection.transaction():
                await connection.execute("insert into catalogue.kept values (22)")
    assert read == [19, 20]


async def test_without_such_a_role_the_user_works_as_itself(schemas: None, pooled_url: str) -> None:
    database = PooledDatabase(pooled_url, role="spark_nobody", size=1)
    async with database.connection() as connection:
        assert (await seen(connection))[:2] == ("spark", "force_generic_plan")
    await database.close()


async def test_a_use_that_cannot_begin_leaves_nothing_behind(
    schemas: None, pooled_url: str, observer: asyncpg.Connection
) -> None:
    # A role of the test's own: those of schemas are the whole server's.
    role = f"spark_{new_ulid().lower()}"
    await observer.execute(f"create role {role}")
    database = PooledDatabase(pooled_url, role=role, size=1)
    await database.ping()
    await observer.execute(f"drop role {role}")
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await database.ping()
    async with database.connection() as connection:
        assert (await seen(connection))[0] == "spark"
    own = "select array_agg(state) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    assert set(await observer.fetchval(own)) == {"idle"}
    await database.close()


async def test_a_job_that_needs_two_connections_says_so_where_there_is_one(
    schemas: None, postgres: Postgres, database_url: str
) -> None:
    files = [
        Migration(1, "0001_kept", KEPT.format("catalogue", "catalogue")),
        Migration(2, "0002_n", f"{OUTSIDE}\ncreate index concurrently if not exists kept_n on catalogue.kept (n);"),
    ]
    wanted = pytest.raises(MigrationError, match="lends one connection where a migration needs two")
    with pooler_before(postgres, 1) as narrow, wanted:
        await migrate(narrow.url_to(database_url), "catalogue", files, patience_s=0)
    assert await migrate(database_url, "catalogue", files) == ["0002_n"]


async def test_connections_for_a_server_say_what_to_set_behind_a_pooler(pooled_url: str) -> None:
    database = Database(pooled_url, role=None, size=1)
    with pytest.raises(StoreUnavailable, match="set SPARK_DATABASE_POOLER=transaction"):
        await database.ping()
    await database.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_server_that_is_killed_behind_the_pooler_is_an_outage_until_it_is_back(
    postgres: Postgres, pooled_url: str
) -> None:
    database = PooledDatabase(pooled_url, size=2)
    await database.ping()
    os.kill(postgres.pid, signal.SIGKILL)
    await eventually(lambda: not postgres.alive())
    took: list[float] = []
    try:
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await database.ping()
            took.append(time.monotonic() - began)
    finally:
        await postgres.restart()
    # Each waits for a connection and for a transaction, however long the pooler would let it wait.
    assert max(took) < 2 * CONNECT_SECONDS + 0.5

    async def back() -> bool:
        try:
            await database.ping()
        except StoreUnavailable:
            return False
        return True

    # As soon as the pooler tries again.
    await eventually(back)
    await database.close()
