"""Which project a moment belongs to: from its folder, remembered per workspace after the first time."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeVar

from gateway.repository import Repository, normal_folder, repository_of
from gateway.roots import Roots
from gateway.sightings import Unusable

REMEMBERED = 4096
"""Folders, sessions, and roots of a workspace that are kept in mind: more than one machine's agents work in."""

Kept = TypeVar("Kept")
Value = TypeVar("Value")

Key = tuple[str, str]
"""Workspace, and a folder or a session of it."""


class Projects:
    """The repositories known to this gateway; without a store it forgets them with its end."""

    def __init__(self, store: Roots | None = None) -> None:
        self._store = store
        self._roots: dict[str, dict[str, Repository]] = {}
        self._elsewhere: dict[Key, Repository] = {}
        self._folders: dict[Key, Repository | None] = {}
        self._sessions: dict[Key, Repository] = {}

    async def load(self) -> None:
        """Reads what earlier processes learnt.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        if self._store is not None:
            for workspace, repository in await self._store.here(REMEMBERED):
                self._roots.setdefault(workspace, {})[repository.root] = repository
            for workspace, repository in await self._store.elsewhere(REMEMBERED):
                self._elsewhere[workspace, repository.project_id] = repository

    async def find(self, workspace_id: str, folder: str, session_id: str) -> Repository:
        """The repository of a hook's folder: what can be seen, else the deepest known root above it, else itself.

        A folder of its own has others below it in the same session only, since agents walk down and up again.

        Raises:
            Unusable: when the folder is no absolute path.
        """
        key = (workspace_id, folder)
        if key not in self._folders:
            path = absolute(folder)
            seen = repository_at(path)
            if seen is not None:
                await self.report(workspace_id, seen)
            remember(self._folders, key, seen or deepest_root(path, self._roots.get(workspace_id, {})))
        known = self._folders[key]
        return known or self._alone((workspace_id, session_id), normal_folder(folder))

    def resolve(self, workspace_id: str, folder: str) -> Repository:
        """The same for somebody who asks; nothing is remembered.

        Raises:
            Unusable: when the folder is no absolute path.
        """
        path = absolute(folder)
        return repository_at(path) or deepest_root(path, self._roots.get(workspace_id, {})) or Repository(path)

    def folders(self, workspace_id: str) -> dict[str, str]:
        """The root of each project that is known, by the project's id; of several clones that which was seen last, of
        those on other machines the first."""
        told = (*self._elsewhere.items(), *self._sessions.items())
        others = [found for (workspace, _), found in told if workspace == workspace_id]
        known = [*others, *self._roots.get(workspace_id, {}).values()]
        return {repository.project_id: repository.root for repository in known}

    async def report(self, workspace_id: str, repository: Repository) -> None:
        """Takes in the root of a work tree, seen here or by a client's own shim; what lies below belongs to it."""
        roots = self._roots.setdefault(workspace_id, {})
        known = roots.get(repository.root)
        if not may_hold(repository.root) or known == repository:
            return
        if known is not None and known.remote and not repository.remote:
            return
        remember(roots, repository.root, repository)
        below = {repository.root: repository}
        for key in [key for key in self._folders if key[0] == workspace_id and deepest_root(key[1], below)]:
            del self._folders[key]
        if self._store is not None:
            await self._store.keep(workspace_id, repository)

    async def meet(self, workspace_id: str, repository: Repository) -> None:
        """Takes in where a project lies on another machine, to show it: folders here are not looked for in it."""
        key = (workspace_id, repository.project_id)
        if key not in self._elsewhere:
            remember(self._elsewhere, key, repository)
            # A folder that is no repository is one session's, as those are here.
            if self._store is not None and repository.remote:
                await self._store.keep_elsewhere(workspace_id, repository)

    async def forget(self, workspace_id: str, project_id: str) -> None:
        """Erases the roots of a project.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        drop(self._roots.get(workspace_id, {}), project_id)
        self._elsewhere.pop((workspace_id, project_id), None)
        drop(self._folders, project_id)
        drop(self._sessions, project_id)
        if self._store is not None:
            await self._store.erase(workspace_id, project_id)

    def _alone(self, session: Key, folder: str) -> Repository:
        first = self._sessions.get(session)
        if first is None:
            first = Repository(folder)
            remember(self._sessions, session, first)
        if folder == first.root:
            return first
        return deepest_root(folder, {first.root: first} if may_hold(first.root) else {}) or Repository(folder)


def absolute(folder: str) -> str:
    """A folder's path without `.` and `..`.

    Raises:
        Unusable: when it is relative: to what, only its client knows.
    """
    if not folder.startswith("/") and not PureWindowsPath(folder).is_absolute():
        raise Unusable("the folder is no absolute path")
    return normal_folder(folder)


def may_hold(root: str) -> bool:
    """Whether what lies below a folder belongs together: not the whole disk, and not all that a user has."""
    path = normal_folder(root)
    return path.startswith("/") and path not in {"/", "//", normal_folder(os.path.expanduser("~"))}


def repository_at(path: str) -> Repository | None:
    """The repository that can be seen to hold a folder; one around a whole home folder holds that folder alone."""
    seen = repository_of(path)
    return seen if seen is not None and (seen.root == path or may_hold(seen.root)) else None


def deepest_root(folder: str, roots: Mapping[str, Repository]) -> Repository | None:
    """The deepest of these roots that holds a folder."""
    path = PurePosixPath(folder)
    return next((roots[str(each)] for each in (path, *path.parents) if str(each) in roots), None)


def remember(kept: dict[Kept, Value], key: Kept, value: Value) -> None:
    """Keeps a value in mind, in place of the oldest one where there are too many."""
    if key not in kept and len(kept) >= REMEMBERED:
        del kept[next(iter(kept))]
    kept[key] = value


def drop(kept: dict[Kept, Repository] | dict[Kept, Repository | None], project_id: str) -> None:
    """Puts a project out of mind."""
    for key in [key for key, known in kept.items() if known and known.project_id == project_id]:
        del kept[key]
