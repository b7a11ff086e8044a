"""Brings a service's schema up to date: numbered SQL files, each applied once, in order, under a lock."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

LOCK = 0x53_50_41_52_4B
"""Advisory lock that lets one process migrate at a time."""


class MigrationError(Exception):
    """A migration that was applied has changed since, or one cannot be applied."""


@dataclass(frozen=True)
class Migration:
    """One file, `0001_name.sql`."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(package: str) -> list[Migration]:
    """The migrations beside a service, lowest version first."""
    folder: Traversable = files(package) / "migrations"
    found = [
        Migration(int(file.name.split("_", 1)[0]), file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.version)


def role_of(schema: str) -> str:
    """The role that owns a service's schema."""
    return f"spark_{schema}"


async def migrate(url: str, schema: str, migrations: list[Migration]) -> list[str]:
    """Applies what is missing and returns the names applied.

    The schema belongs to a role of its own where the caller may create roles; the caller becomes a member of it.

    Raises:
        MigrationError: when an applied file has changed, or the database is newer than this program.
    """
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
            await own_schema(connection, schema)
            rows = await connection.fetch(f"select version, name, checksum from {schema}.migration")  # noqa: S608
            applied = {row["version"]: row for row in rows}
            verify(schema, migrations, applied)
            return [
                await apply(connection, schema, migration)
                for migration in migrations
                if migration.version not in applied
            ]
    finally:
        await connection.close()


async def own_schema(connection: asyncpg.Connection, schema: str) -> None:
    """Creates the schema and its migration table, as the schema's own role where the caller may have one."""
    try:
        async with connection.transaction():
            await work_as(connection, schema, role_of(schema))
    except asyncpg.InsufficientPrivilegeError:
        # A managed Postgres may not let its users create roles: then the caller owns the schema.
        await connection.execute(f"create schema if not exists {schema}")
    await connection.execute(
        f"create table if not exists {schema}.migration ("
        "version integer primary key, name text not null, checksum text not null,"
        "applied_at timestamptz not null default now())"
    )


async def work_as(connection: asyncpg.Connection, schema: str, role: str) -> None:
    """Creates the role and its schema, and works as that role until the transaction ends.

    Raises:
        asyncpg.InsufficientPrivilegeError: when the caller may not.
    """
    if not await connection.fetchval("select 1 from pg_roles where rolname = $1", role):
        await connection.execute(f"create role {role} nologin")
        await connection.execute(f"grant {role} to current_user")
    await connection.execute(f"create schema if not exists {schema} authorization {role}")
    await connection.execute(f"set local role {role}")


def verify(schema: str, migrations: list[Migration], applied: dict[int, asyncpg.Record]) -> None:
    """Refuses a database that this program did not make or is too old for."""
    known = {migration.version: migration for migration in migrations}
    for version, row in applied.items():
        if version not in known:
            raise MigrationError(f"{schema}: the database has {row['name']}, which this Spark lacks; update Spark")
        if known[version].checksum != row["checksum"]:
            raise MigrationError(f"{schema}: {row['name']} was changed after it was applied")


async def apply(connection: asyncpg.Connection, schema: str, migration: Migration) -> str:
    """Applies one file and records it."""
    try:
        await connection.execute(migration.sql)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{schema}: {migration.name} failed: {error}") from error
    insert = f"insert into {schema}.migration (version, name, checksum) values ($1, $2, $3)"  # noqa: S608
    await connection.execute(insert, migration.version, migration.name, migration.checksum)
    return migration.name
