"""A managed Postgres whose user may not create roles."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import asyncpg

from chassis.database import Database
from chassis.identifiers import new_ulid
from chassis.migrating import migrate
from chassis.migrations import Migration, role_of


async def test_a_user_who_may_not_create_roles_owns_the_schema(database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    user = f"plain_{new_ulid().lower()}"
    name = urlsplit(database_url).path.removeprefix("/")
    await owner.execute(f"create role {user} login; grant create on database {name} to {user}")
    plain = urlunsplit(urlsplit(database_url)._replace(netloc=f"{user}@"))
    schema = f"s_{new_ulid().lower()}"
    await migrate(plain, schema, [Migration(1, "0001_kept", f"create table {schema}.kept (number integer)")])
    database = Database(plain, role=role_of(schema), size=1)
    async with database.transaction() as connection:
        await connection.execute(f"insert into {schema}.kept values (1)")
        assert await connection.fetchval("select current_user") == user
    await database.close()
    await owner.execute(f"drop owned by {user}; drop role {user}")
    await owner.close()
