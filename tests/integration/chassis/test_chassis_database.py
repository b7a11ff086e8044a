"""Connections to a real Postgres: shared fairly, replaced when broken, never poisoned."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from prometheus_client import REGISTRY

from chassis.database import CLOSE_SECONDS, CONNECT_SECONDS, Database, count_in
from chassis.faults import InvalidArgument, StoreUnavailable
from host.engines import Postgres
from tests.integration.chassis.waiting import eventually

PID = "select pg_backend_pid()"


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    database = Database(database_url, size=2)
    yield database
    await database.close()


@pytest.fixture
async def observer(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def pid_of(database: Database) -> int:
    async with database.connection() as connection:
        return await connection.fetchval(PID)


async def test_first_come_first_served(database_url: str) -> None:
    database = Database(database_url, size=1)
    served: list[str] = []

    async def use(name: str, times: int) -> None:
        for _ in range(times):
            async with database.connection() as connection:
                served.append(name)
                await connection.fetchval("select 1")

    async with database.connection():
        # Each asks again as soon as it is done; none may overtake one that waits.
        tasks = [asyncio.create_task(use(name, 3)) for name in "abc"]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    await database.close()
    assert "".join(served) == "abcabcabc"


async def test_only_who_had_to_wait_for_a_connection_is_counted(database_url: str) -> None:
    database = Database(database_url, role=None, size=1)

    def waits() -> float:
        return REGISTRY.get_sample_value("spark_database_wait_seconds_count", {"schema": ""}) or 0.0

    before = waits()
    async with database.connection():
        assert waits() == before
        waiting = asyncio.create_task(database.ping())
        await asyncio.sleep(0)
    await waiting
    await database.close()
    assert waits() == before + 1


async def test_no_more_connections_than_allowed_and_each_kept_warm(
    database: Database, observer: asyncpg.Connection
) -> None:
    pids: set[int] = set()

    async def use() -> None:
        async with database.connection() as connection:
            pids.add(await connection.fetchval(PID))
            others = await observed()
            assert others <= 2

    lock = asyncio.Lock()

    async def observed() -> int:
        async with lock:
            return await observer.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            )

    await asyncio.gather(*(use() for _ in range(20)))
    assert len(pids) == 2


async def test_no_connection_is_made_before_it_is_needed(database: Database, observer: asyncpg.Connection) -> None:
    count = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    assert await observer.fetchval(count) == 0
    await database.ping()
    assert await observer.fetchval(count) == 1


async def test_connections_that_nobody_needs_any_more_are_closed(
    database_url: str, observer: asyncpg.Connection
) -> None:
    database = Database(database_url, size=3, idle_s=0.1)
    count = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    all_in_use = asyncio.Barrier(3)

    async def use() -> None:
        async with database.connection():
            await all_in_use.wait()

    async def one_is_left() -> bool:
        # Used all the while: always the same one.
        kept.add(await pid_of(database))
        return await observer.fetchval(count) == 1

    async def none_is_left() -> bool:
        return await observer.fetchval(count) == 0

    await asyncio.gather(*(use() for _ in range(3)))
    assert await observer.fetchval(count) == 3
    kept: set[int] = set()
    await eventually(one_is_left)
    assert len(kept) == 1
    await eventually(none_is_left)
    assert await pid_of(database) not in kept
    await database.close()


async def test_one_who_asks_alone_has_one_connection(database: Database) -> None:
    assert len({await pid_of(database) for _ in range(5)}) == 1


async def test_a_connection_that_died_between_uses_is_replaced(database_url: str, observer: asyncpg.Connection) -> None:
    database = Database(database_url, size=1)
    async with database.connection() as connection:
        before = await connection.fetchval(PID)
    await observer.execute("select pg_terminate_backend($1)", before)
    await eventually(connection.is_closed)
    assert await pid_of(database) != before
    await database.close()


async def test_a_connection_that_dies_in_use_is_an_outage_once(database_url: str, observer: asyncpg.Connection) -> None:
    database = Database(database_url, size=1)
    before = await pid_of(database)

    async def use() -> None:
        async with database.connection() as connection:
            await observer.execute("select pg_terminate_backend($1)", before)
            await connection.fetchval("select 1")

    with pytest.raises(StoreUnavailable, match=r"^Postgres: \S") as caught:
        await use()
    assert "\n" not in caught.value.message
    assert await pid_of(database) != before
    await database.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_server_that_is_killed_is_an_outage_and_keeps_what_was_committed(
    postgres: Postgres, database_url: str
) -> None:
    database = Database(database_url, size=2)
    async with database.connection() as connection:
        await connection.execute("create table kept (n integer)")
    async with database.transaction() as connection:
        await connection.execute("insert into kept select generate_series(1, 1000)")
    os.kill(postgres.pid, signal.SIGKILL)
    await eventually(lambda: not postgres.alive())
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await database.ping()
    await postgres.restart()
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from kept") == 1000
    await database.close()


async def test_a_statement_that_is_cancelled_poisons_nothing(database_url: str, observer: asyncpg.Connection) -> None:
    database = Database(database_url, size=1)
    begun = asyncio.Event()
    pids: list[int] = []

    async def slow() -> None:
        async with database.connection() as connection:
            pids.append(await connection.fetchval(PID))
            begun.set()
            await connection.execute("select pg_sleep(600)")

    async def running() -> bool:
        query = "select count(*) from pg_stat_activity where pid = $1 and state = 'active' and query like '%sleep%'"
        return await observer.fetchval(query, pids[0]) == 1

    async def gone() -> bool:
        return await observer.fetchval("select count(*) from pg_stat_activity where pid = $1", pids[0]) == 0

    task = asyncio.create_task(slow())
    await begun.wait()
    await eventually(running)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.connection() as connection:
        assert await connection.fetchval("select 42") == 42
        assert await connection.fetchval(PID) != pids[0]
    # Nor does the server go on with it, holding locks.
    await eventually(gone)
    await database.close()


async def test_a_caller_that_gives_up_waiting_takes_no_connection_away(database_url: str) -> None:
    database = Database(database_url, size=1)

    async def wait() -> None:
        async with database.connection():
            raise AssertionError("it was cancelled while it waited")

    async with database.connection():
        waiters = [asyncio.create_task(wait()) for _ in range(5)]
        await asyncio.sleep(0)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
    assert all(waiter.cancelled() for waiter in waiters)
    async with asyncio.timeout(5):
        await database.ping()
    await database.close()


@pytest.mark.parametrize(
    ("statement", "argument", "expected"),
    [
        ("select $1::integer", "no number", asyncpg.DataError),
        ("select $1::bigint", 2**63, asyncpg.DataError),
        ("select $1::text", "nul \0 inside", InvalidArgument),
        ("select * from missing where n = $1::integer", 1, asyncpg.UndefinedTableError),
        ("select 1 / $1::integer", 0, asyncpg.DivisionByZeroError),
    ],
)
async def test_a_mistake_of_ours_is_no_outage_and_costs_no_connection(
    database_url: str, statement: str, argument: object, expected: type[Exception]
) -> None:
    database = Database(database_url, size=1)
    before = await pid_of(database)
    with pytest.raises(expected):
        async with database.transaction() as connection:
            await connection.fetchval(statement, argument)
    assert await pid_of(database) == before
    await database.close()


async def test_rows_that_a_statement_was_about_are_counted(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("create temporary table item (number int) on commit drop")
        told = [
            await connection.execute(statement)
            for statement in (
                "insert into item select generate_series(1, 12)",
                "update item set number = 0 where number > 2",
                "delete from item where number = 7",
            )
        ]
    assert [count_in(status) for status in told] == [12, 10, 0]


async def test_a_transaction_is_durable_and_all_or_nothing(database: Database, observer: asyncpg.Connection) -> None:
    await observer.execute("create table kept (n integer)")
    async with database.transaction() as connection:
        assert await connection.fetchval("show synchronous_commit") == "on"
        await connection.execute("insert into kept values (1)")
        assert await observer.fetchval("select count(*) from kept") == 0
    assert await observer.fetchval("select count(*) from kept") == 1

    async def fail() -> None:
        async with database.transaction() as connection:
            await connection.execute("insert into kept values (2)")
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()
    assert await observer.fetchval("select count(*) from kept") == 1

    async with database.connection() as connection:
        assert await connection.fetchval("show synchronous_commit") == "off"
        assert not connection.is_in_transaction()


async def test_a_transaction_that_is_cancelled_leaves_nothing(database: Database, observer: asyncpg.Connection) -> None:
    await observer.execute("create table kept (n integer)")
    inserted = asyncio.Event()

    async def never_done() -> None:
        async with database.transaction() as connection:
            await connection.execute("insert into kept values (1)")
            inserted.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_done())
    await inserted.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The table can be locked whole: no transaction is left open on it.
    async with asyncio.timeout(5):
        await observer.execute("alter table kept add column m integer")
    assert await observer.fetchval("select count(*) from kept") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/missing"},
        {"netloc": "127.0.0.1:1", "query": ""},
        {"query": "host=/nonexistent"},
    ],
    ids=["no such database", "nothing listens", "no such socket"],
)
async def test_what_cannot_be_reached_is_an_outage_within_its_time(database_url: str, change: dict[str, str]) -> None:
    database = Database(urlunsplit(urlsplit(database_url)._replace(**change)))
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match=r"^Postgres: \S") as caught:
            await database.ping()
        assert "\n" not in caught.value.message
    assert time.monotonic() - began < 3 * CONNECT_SECONDS
    await database.close()


async def test_after_closing_there_is_no_database(database: Database, observer: asyncpg.Connection) -> None:
    await asyncio.gather(*(pid_of(database) for _ in range(2)))
    await database.close()
    await database.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        async with asyncio.timeout(5):
            await database.ping()

    async def alone() -> bool:
        return await observer.fetchval("select count(*) from pg_stat_activity where datname = current_database()") == 1

    await eventually(alone)


@pytest.mark.parametrize("use", ["idle", "asking", "cancelled"])
async def test_a_server_that_hangs_keeps_nobody_from_leaving(
    use: str, database_url: str, observer: asyncpg.Connection
) -> None:
    database = Database(database_url, size=2)
    begun = asyncio.Event()
    stopped: list[int] = []

    async def ask() -> None:
        async with database.transaction() as connection:
            stopped.append(await connection.fetchval(PID))
            os.kill(stopped[0], signal.SIGSTOP)
            begun.set()
            await connection.fetchval("select 1")

    if use == "idle":
        stopped.append(await pid_of(database))
        os.kill(stopped[0], signal.SIGSTOP)
        task = None
    else:
        task = asyncio.create_task(ask())
        await begun.wait()
    try:
        if task is not None and use == "cancelled":
            task.cancel()
            async with asyncio.timeout(1):
                await asyncio.wait([task])
        async with asyncio.timeout(2 * CLOSE_SECONDS):
            await database.close()
            if task is not None:
                await asyncio.wait([task])
        with pytest.raises(StoreUnavailable):
            await database.ping()
    finally:
        os.kill(stopped[0], signal.SIGCONT)
    if task is not None:
        assert task.cancelled() if use == "cancelled" else isinstance(task.exception(), StoreUnavailable)

    async def gone() -> bool:
        return await observer.fetchval("select count(*) from pg_stat_activity where pid = $1", stopped[0]) == 0

    await eventually(gone)
