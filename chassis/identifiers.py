"""Identifiers: ULIDs for what is born here, hashes for what must be the same however it came here."""

from __future__ import annotations

import hashlib

from ulid import ULID


def new_ulid() -> str:
    """A new ULID, 26 characters, sortable by time."""
    return str(ULID())


def digest(*parts: str, size: int = 16) -> str:
    """Hash of several texts, `2 * size` hex characters; the border between parts counts."""
    hasher = hashlib.blake2b(digest_size=size)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()
