"""Applies migrations beside processes that are at work: each once, in order, one job at a time, and never at the cost
of those who wait behind it.

A statement that changes a table waits until those who use it are through, and whoever comes meanwhile waits behind it.
So it waits for an instant only, lets go of everything, and tries again a while later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from chassis.database import CONNECT_SECONDS, OUTAGE, first_line, hang_up
from chassis.faults import StoreUnavailable
from chassis.migrations import (
    Migration,
    MigrationError,
    connect,
    read_applied,
    refuse_newer,
    role_of,
    standing_of,
)

log = logging.getLogger(__name__)

LOCK = 0x53_50_41_52_4B
"""Advisory lock that lets one job migrate at a time. It is asked for again and again, never waited for: one who waits
holds a snapshot, and `create index concurrently` would wait for that one."""
LOCK_WAIT_MS = 100
"""A hook that comes behind a migration which waits loses so much of its 250 ms (advisory.max_ms)."""
PAUSE_SECONDS = 0.5
"""Between two tries, so that of the time in which a migration cannot have its locks most is the hooks'."""
PATIENCE_SECONDS = 120.0

INVALID = """
    select format('%I.%I', n.nspname, c.relname) from pg_index i
    join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind = 'i' and not i.indisvalid order by 1
"""


class NotNow(Exception):
    """Somebody holds what a migration needs; the message says who and what."""


async def migrate(
    url: str, schema: str, migrations: Sequence[Migration], *, patience_s: float = PATIENCE_SECONDS
) -> list[str]:
    """Applies what is missing and returns the names applied. A file is applied whole or not at all.

    The schema belongs to a role of its own where the caller may create roles; the caller becomes a member of it.

    Raises:
        MigrationError: when an applied file has changed, the database is newer than this program, a file fails, or one
            cannot have its locks within so many seconds.
        StoreUnavailable: when Postgres cannot be reached.
    """
    connection = await connect(url)
    clock = asyncio.get_running_loop().time
    applied: list[str] = []
    give_up = clock() + patience_s
    try:
        while True:
            try:
                done = await step(connection, url, schema, migrations)
            except NotNow as reason:
                if clock() > give_up:
                    told = f"{schema}: {reason}, for {patience_s:.0f} s; run `spark migrate` again"
                    raise MigrationError(told) from None
                waits = {"action": "migration_waits", "schema": schema, "reason": str(reason)}
                log.info("a migration waits", extra=waits)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            applied += done.applied
            if not done.left:
                return applied
            give_up = clock() + patience_s
    except asyncpg.InsufficientPrivilegeError as error:
        told = f"{schema}: this login may not change it ({error}); run `spark migrate` as the owner"
        raise MigrationError(told) from error
    except OUTAGE as error:
        raise StoreUnavailable(f"Postgres: {first_line(error)}; run `spark migrate` again") from error
    finally:
        await hang_up(connection)


@dataclass(frozen=True)
class Done:
    """The names of the files applied, and whether others are left."""

    applied: list[str]
    left: bool = False


async def step(connection: asyncpg.Connection, url: str, schema: str, migrations: Sequence[Migration]) -> Done:
    """Applies the next file, or all up to one that goes outside a transaction where the schema is new and nobody can be
    waiting.

    Raises:
        NotNow: when a lock could not be had; then nothing is changed.
        MigrationError: when nothing may be applied, or a file fails.
    """
    async with connection.transaction():
        if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
            raise NotNow("another migration is at work")
        # While a file outside the transaction is at work this one is idle: a server that ends such ones would let the
        # next job begin.
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        await own_schema(connection, schema)
        known = await read_applied(connection, schema)
        standing = standing_of(schema, migrations, known)
        refuse_newer(schema, standing)
        # Also ends the statement before, whose snapshot `create index concurrently` would wait for.
        await connection.execute(f"set local lock_timeout = {LOCK_WAIT_MS}")
        if not standing.missing:
            return Done([])
        first, *others = standing.missing
        if first.outside:
            await apply_outside(url, schema, first)
            return Done([await record(connection, schema, first)], left=bool(others))
        together = [first]
        for migration in others if not known else []:
            if migration.outside:
                break
            together.append(migration)
        names = [await apply(connection, schema, migration) for migration in together]
        return Done(names, left=len(names) < len(standing.missing))


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


async def apply(connection: asyncpg.Connection, schema: str, migration: Migration) -> str:
    """Applies one file within the transaction that is open, and records it.

    Raises:
        NotNow: when it cannot have its locks.
        MigrationError: when it fails.
    """
    try:
        await connection.execute(migration.sql)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        raise NotNow(f"{migration.name} could not have its locks, which others hold (see pg_stat_activity)") from error
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{schema}: {migration.name} failed: {error}") from error
    return await record(connection, schema, migration)


async def apply_outside(url: str, schema: str, migration: Migration) -> None:
    """Applies a file of one statement outside any transaction, after whatever an earlier try has left half done.

    It works as whoever calls, who is a member of the schema's role: a role of the session's own would be somebody
    else's next behind a pooler. An index belongs to the owner of its table all the same.

    Raises:
        NotNow: when there is no connection besides the one that holds the lock.
        MigrationError: when it fails.
    """
    connection = await connect(url)
    try:
        try:
            half_done = await connection.fetch(INVALID, schema, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise NotNow("the pooler lends one connection where a migration needs two") from error
        for index in half_done:
            await connection.execute(f"drop index concurrently if exists {index[0]}")
        await connection.execute(migration.sql)
        if left := await connection.fetch(INVALID, schema):
            raise MigrationError(f"{schema}: {migration.name} left {left[0][0]} invalid; run `spark migrate` again")
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{schema}: {migration.name} failed: {error}") from error
    finally:
        await hang_up(connection)


async def record(connection: asyncpg.Connection, schema: str, migration: Migration) -> str:
    """Notes that a file was applied; returns its name."""
    insert = f"insert into {schema}.migration (version, name, checksum) values ($1, $2, $3)"  # noqa: S608
    await connection.execute(insert, migration.version, migration.name, migration.checksum)
    return migration.name


async def grant(url: str, schemas: Sequence[str], login: str) -> None:
    """Lets a login work as the roles of schemas. Itself it comes to own nothing.

    Raises:
        MigrationError: when there is no such login or no such role, or the caller may not grant it.
        StoreUnavailable: when Postgres cannot be reached.
    """
    connection = await connect(url)
    try:
        async with connection.transaction():
            found = "select quote_ident(rolname) from pg_roles where rolname = $1 and rolcanlogin"
            named = await connection.fetchval(found, login)
            if named is None:
                raise MigrationError(f"there is no login {login}; make one first: create role … login password …")
            for schema in schemas:
                await connection.execute(f"grant {role_of(schema)} to {named}")
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{login} cannot be let in: {error}; run `spark migrate` as the owner first") from error
    finally:
        await hang_up(connection)
