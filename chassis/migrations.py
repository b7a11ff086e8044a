"""The migrations of a service: numbered SQL files beside it, and how a database stands to them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

from chassis.database import CONNECT_SECONDS, OUTAGE, first_line, hang_up
from chassis.faults import StoreUnavailable

log = logging.getLogger(__name__)

OUTSIDE = "-- spark: outside a transaction"
"""First line of a file whose one statement Postgres does not take within a transaction, as `create index concurrently`.
Cut off, it is done again, so the statement must bear that (`if not exists`)."""


class MigrationError(Exception):
    """A schema and this program do not fit, or a migration cannot be applied; the message says what to do."""


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

    @property
    def outside(self) -> bool:
        """Whether it is applied outside a transaction."""
        return self.sql.startswith(OUTSIDE)


@dataclass(frozen=True)
class Applied:
    """What a database knows of a file that it has."""

    name: str
    checksum: str


@dataclass(frozen=True)
class Standing:
    """How a schema stands to a program: what it lacks, in order, and the names of what the program does not know."""

    missing: tuple[Migration, ...]
    unknown: tuple[str, ...] = ()


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


def standing_of(schema: str, migrations: Sequence[Migration], applied: Mapping[int, Applied]) -> Standing:
    """How a schema stands, by what was applied to it, by version.

    Raises:
        MigrationError: when a file was changed after it was applied.
    """
    known = {migration.version: migration for migration in migrations}
    for version, one in applied.items():
        if version in known and known[version].checksum != one.checksum:
            changed = f"{schema}: {one.name} was changed after it was applied"
            raise MigrationError(f"{changed}; add a new migration instead")
    missing = tuple(migration for migration in migrations if migration.version not in applied)
    return Standing(missing, tuple(applied[version].name for version in sorted(applied.keys() - known.keys())))


def refuse_newer(schema: str, standing: Standing) -> None:
    """Sees to it that no program changes a schema that is newer than it.

    Raises:
        MigrationError: when this one would.
    """
    if standing.unknown:
        raise MigrationError(f"{schema}: the database has {standing.unknown[0]}, which this Spark lacks; update Spark")


async def connect(url: str) -> asyncpg.Connection:
    """A connection for migrations; it prepares no named statement, which a pooler would lose.

    Raises:
        StoreUnavailable: when Postgres cannot be reached.
    """
    try:
        return await asyncpg.connect(url, timeout=5 * CONNECT_SECONDS, statement_cache_size=0)
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
        raise StoreUnavailable(f"Postgres: {first_line(error)}") from error
    except ValueError as error:
        # What asyncpg makes of a port that is no number, and Python of half an IPv6 address.
        raise StoreUnavailable(f"Postgres: the URL cannot be read: {first_line(error)}") from error


async def look(url: str, schema: str, migrations: Sequence[Migration]) -> Standing:
    """How a schema stands. Nothing is changed and nothing is waited for.

    Raises:
        MigrationError: when it may not be read, or a file was changed after it was applied.
        StoreUnavailable: when Postgres cannot be reached.
    """
    connection = await connect(url)
    try:
        async with connection.transaction(readonly=True):
            role = role_of(schema)
            if await connection.fetchval(
                "select true from pg_roles where rolname = $1 and pg_has_role(oid, 'member')", role
            ):
                await connection.execute(f"set local role {role}")
            if not await connection.fetchval("select to_regclass($1)", f"{schema}.migration"):
                return Standing(tuple(migrations))
            return standing_of(schema, migrations, await read_applied(connection, schema))
    except asyncpg.InsufficientPrivilegeError as error:
        name = await connection.fetchval("select current_user")
        raise MigrationError(
            f"{schema}: {name} may not read it ({error}); let its owner run `spark migrate --grant {name}`"
        ) from error
    except OUTAGE as error:
        raise StoreUnavailable(f"Postgres: {first_line(error)}") from error
    finally:
        await hang_up(connection)


async def read_applied(connection: asyncpg.Connection, schema: str) -> dict[int, Applied]:
    """What was applied, by version."""
    rows = await connection.fetch(f"select version, name, checksum from {schema}.migration")  # noqa: S608
    return {row["version"]: Applied(row["name"], row["checksum"]) for row in rows}


async def require(url: str, schema: str, migrations: Sequence[Migration]) -> None:
    """Makes sure that a schema has all that this program needs. One that is newer will do: migrations only add, so that
    the version before can go on, and start again, while the next one is rolled out.

    Raises:
        MigrationError: when something is missing, or was changed after it was applied.
        StoreUnavailable: when Postgres cannot be reached.
    """
    standing = await look(url, schema, migrations)
    if standing.missing:
        names = ", ".join(migration.name for migration in standing.missing)
        raise MigrationError(
            f"{schema}: the database lacks {names}; run `spark migrate` first, or start with SPARK_MIGRATE=1"
        )
    if standing.unknown:
        newer = {"action": "schema_newer", "schema": schema, "migrations": list(standing.unknown)}
        log.warning("the schema is newer than this Spark", extra=newer)
