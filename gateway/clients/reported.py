"""What a client's own shim saw of the repository."""

from __future__ import annotations

from gateway.clients.fields import Payload, mapping, text
from gateway.clients.shim.fallback import without_credentials
from gateway.repository import Repository, normal_folder


def reported(payload: Payload) -> Repository | None:
    """The work tree and its origin, where the SessionStart shim told of them."""
    seen = mapping(payload, "spark")
    root, remote = text(seen, "root"), text(seen, "remote")
    return Repository(normal_folder(root)[:4096], without_credentials(remote)[:2048]) if root else None
