"""The roots of work trees that earlier processes learnt of, in Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chassis.database import Database
from chassis.faults import StoreUnavailable
from gateway.repository import Repository

KEPT_BYTES = 2048
"""Postgres refuses an entry of an index over 2,704 bytes; a root longer than this is known to this process alone."""

KEEP_SECONDS = 0.1
"""A root is written once and hooks come with every call: a Postgres that hangs must not cost the hook its event."""

Known = Sequence[tuple[str, Repository]]
"""Workspaces and repositories, in the order in which they were seen."""

TABLES = {"project": "root", "elsewhere": "project_id"}
"""What is kept by what: here each root is one project's, on other machines one project has many."""


class Roots:
    """What a gateway remembers of repositories beyond its own life: of those that lie here, and on other machines."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def here(self, limit: int) -> Known:
        """Those that lie here and were seen last.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        return await self._latest("project", limit)

    async def elsewhere(self, limit: int) -> Known:
        """Those on other machines that were seen last.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        return await self._latest("elsewhere", limit)

    async def keep(self, workspace_id: str, repository: Repository) -> None:
        """Keeps a root that lies here, where that takes no longer than a hook can spare."""
        if len(repository.root.encode()) <= KEPT_BYTES:
            await self._write("project", workspace_id, repository)

    async def keep_elsewhere(self, workspace_id: str, repository: Repository) -> None:
        """Keeps where a project lies on another machine, under the same condition."""
        await self._write("elsewhere", workspace_id, repository)

    async def erase(self, workspace_id: str, project_id: str) -> None:
        """Erases the roots of a project.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        async with self._database.transaction() as connection:
            for table in TABLES:
                # Tables are names in the code.
                erased = f"delete from gateway.{table} where workspace_id = $1 and project_id = $2"  # noqa: S608
                await connection.execute(erased, workspace_id, project_id)

    async def _latest(self, table: str, limit: int) -> Known:
        asked = f"select workspace_id, root, remote from gateway.{table} order by seen_at desc limit $1"  # noqa: S608
        async with self._database.connection() as connection:
            rows = await connection.fetch(asked, limit)
        return [(workspace, Repository(root, remote)) for workspace, root, remote in reversed(rows)]

    async def _write(self, table: str, workspace_id: str, repository: Repository) -> None:
        written = f"""insert into gateway.{table} (workspace_id, root, remote, project_id) values ($1, $2, $3, $4)
            on conflict (workspace_id, {TABLES[table]}) do update set root = excluded.root, remote = excluded.remote,
            project_id = excluded.project_id, seen_at = now()"""  # noqa: S608
        values = (workspace_id, repository.root, repository.remote, repository.project_id)
        try:
            async with asyncio.timeout(KEEP_SECONDS), self._database.connection() as connection:
                await connection.execute(written, *values)
        except (StoreUnavailable, TimeoutError):
            # Known to this process at least; written at the next report after a restart.
            return
