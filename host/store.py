"""The store of a process: how its services connect to Postgres, and who brings their schemas up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chassis.database import Database
from chassis.migrating import PATIENCE_SECONDS, migrate
from chassis.migrations import Standing, look, read_migrations, refuse_newer, require, role_of
from chassis.pooled_database import PooledDatabase
from chassis.service import Service
from chassis.settings import Setting, Settings

OFF, TRANSACTION = "off", "transaction"

POOLER = Setting(
    "database.pooler",
    "SPARK_DATABASE_POOLER",
    OFF,
    "What stands before Postgres: 'transaction' for a pooler that lends connections for a transaction each",
    choices=(OFF, TRANSACTION),
)
CONNECTIONS = Setting(
    "database.connections",
    "SPARK_DATABASE_CONNECTIONS",
    0,
    "Most connections of each pool of a process; 0 leaves it to the services",
    0,
    100,
)
MIGRATE = Setting(
    "database.migrate",
    "SPARK_MIGRATE",
    True,
    "Whether a process brings its schemas up to date when it starts; else `spark migrate` must have done so",
)

SETTINGS = (POOLER, CONNECTIONS, MIGRATE)


class Store:
    """The Postgres of a process."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._kind = PooledDatabase if settings[POOLER] == TRANSACTION else Database
        self._most = settings[CONNECTIONS]
        self._migrates = settings[MIGRATE]

    def open(self, schema: str, size: int) -> Database:
        """Connections for a schema, so many at most, or fewer where the settings say so. None is made before it is
        needed."""
        return self._kind(self._url, role=role_of(schema), size=min(size, self._most) if self._most else size)

    async def prepare(self, services: Sequence[Service]) -> None:
        """Brings the schemas of services up to date, or makes sure that somebody has.

        Raises:
            MigrationError: when they are not, and this process may not; or when they cannot be.
        """
        if self._migrates:
            await migrate_all(services, self._url)
            return
        await asyncio.gather(
            *(require(self._url, service.schema, read_migrations(service.package)) for service in keeping(services))
        )


def keeping(services: Sequence[Service]) -> list[Service]:
    """Those that keep something."""
    return [service for service in services if service.schema]


async def standings(services: Sequence[Service], database_url: str) -> dict[str, Standing]:
    """How the schemas of services stand, by schema. Nothing is changed.

    Raises:
        MigrationError: when one may not be read, or was changed by somebody else.
        StoreUnavailable: when Postgres cannot be reached.
    """
    kept = keeping(services)
    found = await asyncio.gather(
        *(look(database_url, service.schema, read_migrations(service.package)) for service in kept)
    )
    return {service.schema: standing for service, standing in zip(kept, found, strict=True)}


async def migrate_all(
    services: Sequence[Service], database_url: str, *, patience_s: float = PATIENCE_SECONDS
) -> list[str]:
    """Brings the schemas of these services up to date; returns what was applied. Where nothing is missing no lock is
    taken, so that a process that starts waits for no job that is at work.

    Raises:
        MigrationError: when one cannot be.
        StoreUnavailable: when Postgres cannot be reached.
    """
    applied: list[str] = []
    stand = await standings(services, database_url)
    # Before anything is changed: an older program leaves a newer database as it is, whole.
    for schema, standing in stand.items():
        refuse_newer(schema, standing)
    # One after the other: they would only wait for each other's lock.
    for service in keeping(services):
        if stand[service.schema].missing:
            migrations = read_migrations(service.package)
            names = await migrate(database_url, service.schema, migrations, patience_s=patience_s)
            applied += [f"{service.schema}/{name}" for name in names]
    return applied
