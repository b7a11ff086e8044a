"""Which repository a folder belongs to, as far as the file system here shows; no git process is ever run."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache

from chassis.identifiers import digest
from gateway.clients.shim.fallback import find_work_tree, origin_url, without_credentials

PROJECT_ID_BYTES = 8

SCP_LIKE = re.compile(r"^(?:[\w.+-]+@)?([\w.-]+):(?!//)(.+)$")
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Repository:
    """A root folder and its origin; the origin is empty where there is none."""

    root: str
    remote: str = ""

    @property
    def project_id(self) -> str:
        """Hash of the origin, which all clones and work trees share, else of the root; 16 hex characters."""
        return project_id(self.root, self.remote)


@lru_cache(maxsize=1024)
def project_id(root: str, remote: str) -> str:
    """Hash of the origin where there is one, else of the root; an agent stays in one repository for hours."""
    if remote:
        return digest("remote", normal_remote(remote), size=PROJECT_ID_BYTES)
    return digest("root", normal_folder(root), size=PROJECT_ID_BYTES)


def repository_of(folder: str) -> Repository | None:
    """The repository that holds a folder; None where none can be seen."""
    if not os.path.isdir(folder):
        return None
    found = find_work_tree(normal_folder(folder))
    if found is None:
        return None
    root, git_directory = found
    return Repository(root, without_credentials(origin_url(git_directory) or ""))


def normal_remote(url: str) -> str:
    """One text for all spellings of an origin: `host/path`, without scheme, user, port and `.git`."""
    bare = without_credentials(url.strip())
    if SCHEME.match(bare):
        host, _, path = SCHEME.sub("", bare).partition("/")
        host = host.partition(":")[0]
    elif found := SCP_LIKE.match(bare):
        host, path = found.groups()
    else:
        return normal_folder(bare)
    return f"{host.lower()}/{path.strip('/').removesuffix('.git').rstrip('/')}"


def normal_folder(folder: str) -> str:
    """A folder's path without `.`, `..` and a trailing slash."""
    return posixpath.normpath(folder)
