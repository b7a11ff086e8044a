"""What can go wrong with an embedded engine, as types."""

from __future__ import annotations

from pathlib import Path


class EngineError(Exception):
    """An embedded engine cannot be had; the message says what the user can do."""


class EngineBusy(EngineError):
    """Another process owns the engines of this folder: `pid`, or None in the instant before it is known."""

    def __init__(self, home: Path, pid: int | None) -> None:
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"the engines in {home} belong to {owner}: wait until it is done, stop it, or choose another SPARK_HOME; "
            "while `spark up` runs, any number of commands share them"
        )
        self.home = home
        self.pid = pid


class EngineMissing(EngineError):
    """No binary of the engine is installed here."""


class EngineFailed(EngineError):
    """The engine did not start; the message carries the end of its log."""


class WrongMajor(EngineError):
    """The data folder was made by a PostgreSQL major that is not installed; nothing in it has been changed."""

    def __init__(self, cluster: Path, made_by: str, installed: list[int]) -> None:
        have = ", ".join(str(major) for major in installed)
        super().__init__(
            f"{cluster} was made by PostgreSQL {made_by}, and this installation has PostgreSQL {have}. "
            f"Install a release that carries PostgreSQL {made_by}, or point to its binaries, to keep using this data; "
            f"or set SPARK_HOME to a new folder to start afresh. Nothing was changed."
        )
        self.cluster = cluster
        self.made_by = made_by


class UnsafeFolder(EngineError):
    """A folder that must be private to this user is a link, belongs to someone else or is open to others."""


class Unreachable(EngineError):
    """PostgreSQL refuses to run as root, and the account it would run as cannot enter a folder it needs."""

    def __init__(self, folder: Path, uid: int) -> None:
        super().__init__(
            f"PostgreSQL refuses to run as root and would run as uid {uid}, which cannot enter {folder}. "
            f"Run spark as an ordinary user, allow user namespaces, keep SPARK_HOME and the installation in folders "
            f"that uid {uid} can reach, or set SPARK_DATABASE_URL to a PostgreSQL server of your own"
        )
        self.folder = folder
        self.uid = uid
