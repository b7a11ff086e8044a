"""A patch of Codex as the edit of its first file, so that edits are the same calls in every client."""

from __future__ import annotations

import re

from gateway.clients.fields import Payload

FILE = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)
READ_CHARS = 200_000


def edit_of(patch: str) -> tuple[str, Payload]:
    """The tool and its input; an unreadable patch names no file."""
    patch = patch[:READ_CHARS]
    first = FILE.search(patch)
    if first is None:
        return "Edit", {}
    following = FILE.search(patch, first.end())
    body = patch[first.end() : following.start() if following else len(patch)]
    added = "\n".join(line[1:] for line in body.splitlines() if line.startswith("+"))
    path = first.group(2).strip()
    if first.group(1) == "Add":
        return "Write", {"file_path": path, "content": added}
    taken = "\n".join(line[1:] for line in body.splitlines() if line.startswith("-"))
    return "Edit", {"file_path": path, "old_string": taken, "new_string": added}
