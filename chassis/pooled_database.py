"""Connections to Postgres through a pooler that lends a server's connection for one transaction at a time, as PgBouncer
does in its transaction mode, and RDS Proxy.

Nothing of a session is ours there: what a service sets for its session another one would find, and a prepared statement
may lie elsewhere by the next one. So each use is a transaction that sets for itself, with the very message that begins
it, what elsewhere a connection has from its start; statements have no name and are planned each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import asyncpg

from chassis.database import CHANGE, CONNECT_SECONDS, PLANS, VIEW, Committed, Database, Kind
from chassis.faults import StoreUnavailable

OPENING = "BEGIN"
"""How asyncpg begins a transaction; a nested one is a savepoint."""
NAME = "spark"
"""`application_name`, the same of all services: a pooler sets it anew, one round trip, wherever that of the connection
which it lends is another."""


class PooledConnection(asyncpg.Connection):
    """A connection that says with each beginning of a transaction what is to hold within."""

    settings = ""
    """Statements that hold until the transaction ends."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        """As asyncpg's own, which begins transactions through it.

        Raises:
            StoreUnavailable: when a transaction cannot begin within 2 s: a pooler lets its clients wait for a server
                that is away, for two minutes unless it is told otherwise.
            PostgresError: when one began and failed at once, as where the role has gone or somebody called it off;
                asyncpg would take whatever comes next for a part of it, so the connection goes with it.
        """
        if not query.startswith(OPENING):
            return await super().execute(query, *args, timeout=timeout)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await super().execute(f"{query} {self.settings}")
        except TimeoutError:
            self.terminate()
            raise StoreUnavailable(f"Postgres: the pooler had no connection for {CONNECT_SECONDS:.0f} s") from None
        except asyncpg.PostgresError:
            self.terminate()
            raise


class PooledDatabase(Database):
    """A service's connections through a pooler. What is done with one is done when the block ends, or not at all."""

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[asyncpg.Connection]:
        """One connection, within a transaction of its own.

        Raises:
            StoreUnavailable: when Postgres cannot be reached or went away during the block, or after `close`.
            InvalidArgument: when the block gave it a text with a NUL.
        """
        async with self._within(durable=False) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self, *, durable: bool = True) -> AsyncGenerator[asyncpg.Connection]:
        """A transaction that is on disk when the block ends; one that is not `durable`, within a second.

        Raises:
            StoreUnavailable: as `connection`.
        """
        async with self._within(durable=durable) as connection:
            yield connection

    @asynccontextmanager
    async def view(self) -> AsyncGenerator[asyncpg.Connection]:
        """One view of one instant, for several reads that must agree.

        Raises:
            StoreUnavailable: as `connection`.
        """
        async with self._within(VIEW, durable=False) as connection:
            yield connection

    @asynccontextmanager
    async def _within(self, kind: Kind = CHANGE, *, durable: bool) -> AsyncGenerator[PooledConnection]:
        async with super().connection() as connection:
            assert isinstance(connection, PooledConnection)
            connection.settings = settings_of(self._role, durable=durable)
            async with Committed(connection, kind):
                yield connection

    async def _opened(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            statement_cache_size=0,
            connection_class=PooledConnection,
            server_settings={"application_name": NAME},
        )
        # A pooler takes clients whether or not it reaches the server, and whether or not there is such a role.
        connection.settings = settings_of(self._role, durable=False)
        try:
            async with connection.transaction(readonly=True):
                pass
        except BaseException:
            connection.terminate()
            raise
        return connection


@cache
def settings_of(role: str | None, *, durable: bool) -> str:
    """What is to hold within a transaction, as statements."""
    wanted = {"synchronous_commit": "on" if durable else "off", **PLANS}
    if role:
        wanted["role"] = role
    return " ".join(f"set local {name} = {value};" for name, value in wanted.items())
