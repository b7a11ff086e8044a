"""Keeps files that hold a token out of a repository, through git's own uncommitted ``info/exclude``."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from gateway.clients.settings_document import BACKUP_MARK, SettingsError

_MARK = "# added by spark hooks install"
_GIT_TIMEOUT_S = 10


class SettingsTracked(SettingsError):
    """The settings file is committed to the repository, so nothing secret may be written into it."""


def exclude_from_git(file: Path, pattern_end: str = "") -> Path | None:
    """Makes git ignore ``file`` (with ``pattern_end`` such as ``*`` appended) where it does not do so yet.

    Returns the exclude file when a line was added; None outside a work tree, without git, or when already ignored.
    Raises SettingsTracked when git tracks the file, OSError.
    """
    exclude = _exclude_file(file)
    if exclude is None:
        return None
    if not pattern_end and is_tracked(file):
        raise SettingsTracked(file, "is tracked by git and would carry your token into a commit; untrack it first")
    if _git(file.parent, "check-ignore", "-q", "--", file.name + pattern_end.replace("*", "x")) is not None:
        return None
    text = exclude.read_text("utf-8", "surrogateescape") if exclude.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    exclude.parent.mkdir(parents=True, exist_ok=True)
    exclude.write_text(f"{text}{_entry(file, pattern_end)}", "utf-8", "surrogateescape")
    return exclude


def exclude_unless_tracked(file: Path) -> tuple[Path | None, bool]:
    """Makes git ignore a file of one machine that holds no secret, and its backups, and makes its folder.

    Returns the exclude file when a line was added, and whether git tracks the file, which is then left as it is.
    Raises OSError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    backups = exclude_from_git(file, f"{BACKUP_MARK}*")
    try:
        return exclude_from_git(file) or backups, False
    except SettingsTracked:
        return backups, True


def is_tracked(file: Path) -> bool:
    """Whether git has the file in its index. The folder must be there."""
    return _git(file.parent, "ls-files", "--error-unmatch", "--", file.name) is not None


def restore_to_git(file: Path, pattern_end: str = "") -> Path | None:
    """Takes back the line that ``exclude_from_git`` added; None when there is none. Raises OSError."""
    exclude = _exclude_file(file)
    if exclude is None or not exclude.exists():
        return None
    text = exclude.read_text("utf-8", "surrogateescape")
    entry = _entry(file, pattern_end)
    if entry not in text:
        return None
    exclude.write_text(text.replace(entry, "", 1), "utf-8", "surrogateescape")
    return exclude


def _entry(file: Path, pattern_end: str) -> str:
    top = _git(file.parent, "rev-parse", "--show-toplevel")
    relative = os.path.relpath(file.parent.resolve(), Path(top or ".").resolve())
    literal = re.sub(r"([\\*?\[\]])", r"\\\1", os.path.normpath(os.path.join("/", relative, file.name)))
    return f"{_MARK}\n{literal}{pattern_end}\n"


def _exclude_file(file: Path) -> Path | None:
    """The exclude file shared by all work trees of the repository that ``file`` lies in."""
    if _git(file.parent, "rev-parse", "--is-inside-work-tree") != "true":
        return None
    answer = _git(file.parent, "rev-parse", "--git-path", "info/exclude")
    return file.parent / answer if answer else None


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints in ``folder``; None when it fails or is not installed."""
    # A hook of git's own leaves GIT_DIR and others in the environment, which would name another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and our own arguments
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else None
