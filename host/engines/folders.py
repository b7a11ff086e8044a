"""Folders that only this user may enter, and a place for a socket whose path is not too long."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from host.engines.faults import UnsafeFolder

# sun_path of sockaddr_un, less the closing NUL.
SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107


def made(folder: Path) -> Path:
    """The folder by its real path, made with mode 0700 when it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder.resolve()


def private_folder(folder: Path, *, owner: int | None = None) -> Path:
    """Makes `folder` with mode 0700 if it is missing and gives it to uid `owner`, by default this process's own.

    Raises UnsafeFolder when what is there is a link, not a folder, someone else's, or open to others.
    """
    owner = os.geteuid() if owner is None else owner
    try:
        folder.mkdir(mode=0o700, parents=True)
        if owner != os.geteuid():
            os.chown(folder, owner, -1)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeFolder(f"{folder} must be a folder of its own, not a link or a file")
    if found.st_uid not in (owner, os.geteuid()):
        raise UnsafeFolder(f"{folder} belongs to uid {found.st_uid}, not to uid {owner}")
    if found.st_mode & 0o077:
        raise UnsafeFolder(f"{folder} is open to other users (mode {stat.S_IMODE(found.st_mode):o}): chmod 700 it")
    if found.st_uid != owner:
        os.chown(folder, owner, -1)
    return folder


def socket_folder(wanted: Path, socket: str, *, owner: int | None = None) -> Path:
    """`wanted`, or a short private folder named after it where a `socket` inside would have too long a path.

    A comma counts as too long: a connection string takes it for the end of the path.
    """
    if _fits(wanted, socket):
        return private_folder(wanted, owner=owner)
    owner = os.geteuid() if owner is None else owner
    name = f"spark-{owner}-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]}"
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108  checked to be private
        if base and Path(base).is_dir() and os.access(base, os.W_OK) and _fits(Path(base) / name, socket):
            return private_folder(Path(base) / name, owner=owner)
    raise UnsafeFolder(f"no folder for a socket: {wanted} is too long a path, and no short folder is writable")


def _fits(folder: Path, socket: str) -> bool:
    path = os.fsencode(folder / socket)
    return len(path) <= SOCKET_PATH_BYTES and b"," not in path
