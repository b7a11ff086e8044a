"""Whose call it is: a bearer token names a workspace, nothing else does."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from chassis.faults import Unauthenticated
from chassis.settings import BadSetting, Setting, Settings

LOCAL_WORKSPACE = "local"
HEADER = "authorization"
SHORTEST_CHARS = 16
"""A token file with less in it was cut off or emptied; ours have 43 characters, and a user may choose one."""

TOKEN = Setting(
    "token",
    "SPARK_TOKEN",
    "",
    "The token of the workspace `local` for `spark serve`; empty takes SPARK_HOME/token",
    secret=True,
)


class Tokens:
    """The tokens known to this process, each with its workspace.

    Raises:
        ValueError: for an empty token, which would open the workspace to everybody.
    """

    def __init__(self, workspaces: Mapping[str, str]) -> None:
        if not all(token.strip() for token in workspaces):
            raise ValueError("a token is empty")
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

    def key(self, workspace_id: str, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, made out of the workspace's token; whoever lacks the token cannot make it.

        Raises:
            Unauthenticated: when this process holds no token of that workspace.
        """
        return hmac.digest(self.authorization(workspace_id).encode(), purpose.encode(), hashlib.sha256)


def serving_token(settings: Settings, home: Path) -> str:
    """The token of the workspace `local` for a process that may run far from any user: given, else the data folder's.

    Raises:
        BadSetting: when what is given is too short to be one, or holds what no header can.
    """
    effective = settings.explain(TOKEN)
    if effective.source == "default":
        return local_token(home)
    given = str(effective.value)
    if not can_be_token(given):
        raise BadSetting(
            f"{TOKEN.environment}: expected at least {SHORTEST_CHARS} printable ASCII characters, no space"
        )
    return given


def can_be_token(text: str) -> bool:
    """Whether a text is long enough for a token, and a header can carry it."""
    return len(text) >= SHORTEST_CHARS and text.isascii() and text.isprintable() and " " not in text


def local_token(home: Path) -> str:
    """The token of the workspace `local`, made at first use; the file is the user's alone (0600).

    A file that is empty or too short is made anew: after a power cut it may be there without what was written.
    """
    path = home / "token"
    if known := token_in(path):
        return known
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # Two processes at first use agree on whichever came first.
        known = token_in(path)
        if not known:
            known = secrets.token_urlsafe(32)
            write_token(path, known)
            os.fsync(folder)
    finally:
        os.close(folder)
    return known


def token_in(path: Path) -> str:
    """The token that a file holds; empty where it holds none."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return token if len(token) >= SHORTEST_CHARS and token.isprintable() else ""


def write_token(path: Path, token: str) -> None:
    """Puts a token on the disk, in one step."""
    draft = path.with_name(f"token.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
