"""Which folder a Gemini chat is about: the chat itself has no more of it than the SHA-256 of its path.

Whatever names a folder is only believed where the hash agrees, so that nothing is learnt in the wrong project. Beside
the chats of newer clients lies a file `.project_root`; of older chats the registry may know, or the paths in their
own calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import cast

import orjson

CHATS = "chats"
MARKER = ".project_root"
LONGEST_PATH = 4096
LARGEST_REGISTRY = 4 * 1024 * 1024
"""Bytes; a registry has a line for each project."""
PATH = re.compile(rb'"(/[^"\\]{1,4096})"')
"""A JSON string that is an absolute path."""


def folder_of(chat: Path, project_hash: str, lines: Iterable[bytes]) -> str:
    """The folder whose path has the hash; empty where nothing names it. `lines` are the chat's own."""
    named = (folder for folder in _named(chat) if _has(folder, project_hash))
    return next(named, "") or _among(lines, project_hash)


def place_of(chat: Path) -> Path:
    """The folder of the project that a chat lies in, beside `chats`; a sub-agent's chat lies one level deeper."""
    return chat.parent.parent if chat.parent.name == CHATS else chat.parent.parent.parent


def _named(chat: Path) -> Iterator[str]:
    place = place_of(chat)
    home = place.parent.parent
    yield _marker(place / MARKER)
    yield _marker(home / "history" / place.name / MARKER)
    yield from _registered(home / "projects.json")


def _marker(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(LONGEST_PATH).strip()
    except OSError:
        return ""


def _registered(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            document: object = orjson.loads(file.read(LARGEST_REGISTRY))
    except (OSError, orjson.JSONDecodeError):
        return
    projects = cast("dict[str, object]", document).get("projects") if isinstance(document, dict) else None
    if isinstance(projects, dict):
        yield from cast("dict[str, object]", projects)


def _among(lines: Iterable[bytes], project_hash: str) -> str:
    """The folder with the hash above a path that the chat mentions."""
    tried: set[str] = set()
    for line in lines:
        for found in PATH.finditer(line):
            path = PurePosixPath(found[1].decode("utf-8", "replace"))
            for folder in map(str, (path, *path.parents)):
                if folder in tried:
                    break
                tried.add(folder)
                if _has(folder, project_hash):
                    return folder
    return ""


def _has(folder: str, project_hash: str) -> bool:
    return sha256(folder.encode("utf-8", "surrogatepass")).hexdigest() == project_hash
