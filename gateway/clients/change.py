"""What an installation of hooks did to a client's settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """What an installation or its removal did. An event whose entry was replaced is both removed and added."""

    settings: Path
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    backup: Path | None = None
    git_exclude: Path | None = None
    """The ``info/exclude`` file that gained or lost Spark's lines."""
    readable_by_others: bool = False
    """The settings file holds the token and its mode, kept as found, lets other users of the machine read it."""
    diff: str = ""
    """What was changed in the file, or would have been, as a unified diff."""
    tracked: bool = False
    """Git tracks the settings file, so that a commit would carry the entries along."""

    planned: str | None = None
    """The text that a dry run would have written."""

    @property
    def changed(self) -> bool:
        """Whether the settings file was written, or would have been."""
        return bool(self.added or self.removed)
