"""A login that may work as the services do, and nothing more."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from chassis.database import Database
from chassis.identifiers import new_ulid
from chassis.migrating import grant, migrate
from chassis.migrations import Migration, MigrationError, look, require, role_of

SCHEMAS = ("catalogue", "orders")


def files(schema: str) -> list[Migration]:
    return [Migration(1, "0001_item", f"create table {schema}.item (n integer);")]


@pytest.fixture
async def owner(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection of the owner of all."""
    for schema in SCHEMAS:
        await migrate(database_url, schema, files(schema))
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def login(owner: asyncpg.Connection) -> AsyncGenerator[str]:
    """A login that owns nothing and may nothing; its name must be quoted."""
    name = f"Fleet {new_ulid()}"
    await owner.execute(f'create role "{name}" login')
    yield name
    await owner.execute(f'drop role "{name}"')


@pytest.fixture
def url(database_url: str, login: str) -> str:
    """The test's database, as that login."""
    return urlunsplit(urlsplit(database_url)._replace(netloc=f"{login.replace(' ', '%20')}@"))


async def test_a_login_that_was_let_in_works_as_the_services_do(
    url: str, database_url: str, owner: asyncpg.Connection, login: str
) -> None:
    await grant(database_url, SCHEMAS, login)
    for schema in SCHEMAS:
        await require(url, schema, files(schema))
        database = Database(url, role=role_of(schema), size=1)
        async with database.transaction() as connection:
            assert await connection.fetchval("select session_user") == login
            assert await connection.fetchval("select current_user") == role_of(schema)
            await connection.execute(f"insert into {schema}.item values (1)")
        await database.close()
    owned = "select count(*) from pg_class join pg_roles r on r.oid = relowner where rolname = $1"
    assert await owner.fetchval(owned, login) == 0


@pytest.mark.parametrize("statement", ["create schema mine", "create role mine", "create database mine"])
async def test_such_a_login_makes_nothing_of_its_own(url: str, database_url: str, login: str, statement: str) -> None:
    await grant(database_url, SCHEMAS, login)
    connection = await asyncpg.connect(url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_such_a_login_leaves_migrations_to_the_owner(url: str, database_url: str, login: str) -> None:
    await grant(database_url, SCHEMAS, login)
    newer = [*files("orders"), Migration(2, "0002_more", "alter table orders.item add column m integer;")]
    with pytest.raises(
        MigrationError, match=r"orders: this login may not change it .*; run `spark migrate` as the own"
    ):
        await migrate(url, "orders", newer)
    assert (await look(url, "orders", newer)).missing == (newer[1],)


async def test_a_login_that_was_not_let_in_is_told_what_to_do(url: str, login: str) -> None:
    with pytest.raises(MigrationError, match=f"catalogue: {login} may not read it .*`spark migrate --grant {login}`"):
        await look(url, "catalogue", files("catalogue"))


async def test_only_a_login_that_is_there_can_be_let_in(database_url: str, owner: asyncpg.Connection) -> None:
    with pytest.raises(MigrationError, match="there is no login nobody-here; make one first"):
        await grant(database_url, SCHEMAS, "nobody-here")
    with pytest.raises(MigrationError, match=f"there is no login {role_of('orders')}"):
        await grant(database_url, SCHEMAS, role_of("orders"))


async def test_what_is_not_there_cannot_be_granted(database_url: str, login: str) -> None:
    with pytest.raises(MigrationError, match=r'role "spark_missing_[a-z0-9]+" does not exist; run `spark migrate`'):
        await grant(database_url, [f"missing_{new_ulid().lower()}"], login)
