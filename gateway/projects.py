"""Which project a moment belongs to: from its folder, remembered per workspace after the first time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from chassis.database import Database
from chassis.faults import StoreUnavailable
from gateway.repository import Repository, normal_folder, repository_of

FOLDERS_REMEMBERED = 4096

KEPT_BYTES = 2048
"""Postgres refuses an entry of an index over 2,704 bytes; a root longer than this is known to this process alone."""

KEEP_SECONDS = 0.1
"""A root is written once and hooks come with every call: a Postgres that hangs must not cost the hook its event."""


class Projects:
    """The repositories known to this gateway."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._roots: dict[str, dict[str, Repository]] = {}
        self._folders: dict[tuple[str, str], Repository] = {}

    async def load(self) -> None:
        """Reads what earlier processes learnt.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch("select workspace_id, root, remote from gateway.project")
        for workspace, root, remote in rows:
            self._roots.setdefault(workspace, {})[root] = Repository(root, remote)

    async def find(self, workspace_id: str, folder: str) -> Repository:
        """The repository of a folder: what can be seen, else the longest known root, else the folder itself."""
        key = (workspace_id, folder)
        known = self._folders.get(key)
        if known is None:
            known = await self._resolve(workspace_id, normal_folder(folder))
            if len(self._folders) >= FOLDERS_REMEMBERED:
                self._folders.clear()
            self._folders[key] = known
        return known

    async def report(self, workspace_id: str, repository: Repository) -> None:
        """Takes in what a client's own shim saw of a root; it stands where this gateway cannot see."""
        roots = self._roots.setdefault(workspace_id, {})
        known = roots.get(repository.root)
        if known == repository or (known and known.remote and not repository.remote):
            return
        roots[repository.root] = repository
        self._folders = {key: value for key, value in self._folders.items() if key[0] != workspace_id}
        await self._keep(workspace_id, repository)

    async def _resolve(self, workspace_id: str, folder: str) -> Repository:
        seen = repository_of(folder)
        if seen is not None:
            await self.report(workspace_id, seen)
            return seen
        longest = longest_root(folder, self._roots.get(workspace_id, {}).values())
        if longest is not None:
            return longest
        alone = Repository(folder)
        await self.report(workspace_id, alone)
        return alone

    async def _keep(self, workspace_id: str, repository: Repository) -> None:
        if len(repository.root.encode()) > KEPT_BYTES:
            return
        try:
            async with asyncio.timeout(KEEP_SECONDS), self._database.connection() as connection:
                await connection.execute(
                    """insert into gateway.project (workspace_id, root, remote, project_id) values ($1, $2, $3, $4)
                       on conflict (workspace_id, root)
                       do update set remote = excluded.remote, project_id = excluded.project_id, seen_at = now()""",
                    workspace_id,
                    repository.root,
                    repository.remote,
                    repository.project_id,
                )
        except (StoreUnavailable, TimeoutError):
            # Known here at least; written at the next report after a restart.
            return


def longest_root(folder: str, roots: Iterable[Repository]) -> Repository | None:
    """The deepest known root that holds a folder."""
    holding = [known for known in roots if folder == known.root or folder.startswith(known.root.rstrip("/") + "/")]
    return max(holding, key=lambda known: len(known.root), default=None)
