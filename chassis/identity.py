"""Whose call it is: a bearer token names a workspace, nothing else does."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from chassis.faults import Unauthenticated

LOCAL_WORKSPACE = "local"
HEADER = "authorization"


class Tokens:
    """The tokens known to this process, each with its workspace."""

    def __init__(self, workspaces: Mapping[str, str]) -> None:
        self._workspaces = {f"Bearer {token}".encode(): workspace for token, workspace in workspaces.items()}
        self._bearer = {workspace: f"Bearer {token}" for token, workspace in workspaces.items()}

    def workspace(self, authorization: str | None) -> str:
        """The workspace that an Authorization header opens.

        Raises:
            Unauthenticated: without one, or with one that is not known.
        """
        offered = (authorization or "").encode("utf-8", "surrogateescape")
        for known, workspace in self._workspaces.items():
            if hmac.compare_digest(known, offered):
                return workspace
        raise Unauthenticated(
            "no known token: send `Authorization: Bearer TOKEN`; the local one lies in SPARK_HOME/token"
        )

    def authorization(self, workspace_id: str) -> str:
        """The header that a call for this workspace carries to another process.

        Raises:
            Unauthenticated: when this process holds no token of that workspace.
        """
        try:
            return self._bearer[workspace_id]
        except KeyError:
            raise Unauthenticated(f"no token for workspace {workspace_id}") from None


def local_token(home: Path) -> str:
    """The token of the workspace `local`, made at first use; the file is the user's alone (0600)."""
    path = home / "token"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    token = secrets.token_urlsafe(32)
    draft = path.with_name(f"token.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    try:
        os.link(draft, path)  # Two processes at first use agree on whichever came first.
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    finally:
        draft.unlink()
    return token
