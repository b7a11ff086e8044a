"""A settings.json that other people own: read it, change it in place, lose nothing.

What a change is not about stays byte for byte, comments where the client allows them included; every changing write
leaves a backup beside the file first and replaces the file in one step.
"""

from __future__ import annotations

import contextlib
import difflib
import glob
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from gateway.clients.json_text import edited, parse

BACKUP_MARK = ".spark-backup-"
_NEW_FILE_MODE = 0o600
_BOM = "\ufeff"


class SettingsError(Exception):
    """A settings file that must not be touched as it is. The message names the file and what to do about it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class SettingsNotJson(SettingsError):
    """The file is not JSON as its client reads it; it was left untouched."""


class SettingsWrongShape(SettingsError):
    """The file is JSON, but not shaped as the client's settings are; it was left untouched."""


class SettingsReadOnly(SettingsError):
    """The file may not be written, so somebody wants it as it is; it was left untouched."""


class SettingsChanged(SettingsError):
    """Somebody wrote the file between its reading and its writing; what they wrote was left untouched."""


@dataclass(frozen=True, slots=True)
class SettingsDocument:
    """One settings file as found. ``text`` is None when there is no file yet."""

    path: Path
    text: str | None
    value: dict[str, object]
    comments: bool = False

    def changed_to(self, value: dict[str, object]) -> str:
        """The text with ``value`` in place of what it says. Raises SettingsWrongShape when it cannot be edited so."""
        prefix, body = _BOM if (self.text or "").startswith(_BOM) else "", (self.text or "").removeprefix(_BOM)
        try:
            text = edited(body, value, comments=self.comments) if body.strip() else edited("{}", value) + "\n"
            if parse(text, comments=self.comments).root.value == value:
                return prefix + text
        except (ValueError, RecursionError) as error:
            raise SettingsWrongShape(self.path, f"cannot be changed safely ({error})") from error
        raise SettingsWrongShape(self.path, "cannot be changed safely: does it name one key twice?")

    def changed_back(self, value: dict[str, object], original: SettingsDocument | None) -> str:
        """The text with ``value``; where this file is still just what was made of ``original``, that to the byte.

        Raises SettingsWrongShape when it cannot be edited so.
        """
        if original is not None and original.text is not None and original.value == value:
            with contextlib.suppress(SettingsWrongShape):
                if original.changed_to(self.value) == self.text:
                    return original.text
        return self.changed_to(value)

    def diff(self, text: str | None) -> str:
        """What a change to ``text`` would be (None: the file goes), as a unified diff."""
        return unified_diff(self.path, self.text, text)

    def write(self, text: str) -> Path | None:
        """Replaces the content and returns the backup of what was there (None when there was no file).

        The file keeps its mode; a new one is 0600, because a token may go into it. A symbolic link stays one: its
        target is replaced. Raises SettingsReadOnly, SettingsChanged, OSError.
        """
        self.refuse_read_only()
        self._refuse_changed()
        content = text.encode("utf-8")
        backup = None if self.text is None else self._back_up()
        target = self.path.resolve()
        mode = target.stat().st_mode & 0o7777 if self.text is not None else _NEW_FILE_MODE
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
                self._keep_owner(file.fileno())
                os.fsync(file.fileno())
            self._refuse_changed()
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
        return backup

    def remove(self) -> Path:
        """Takes the whole file away, leaving a backup. Raises SettingsReadOnly, SettingsChanged, OSError."""
        self.refuse_read_only()
        backup = self._back_up()
        self._refuse_changed()
        self.path.resolve().unlink()
        return backup

    def refuse_read_only(self) -> None:
        """Raises SettingsReadOnly where the file may not be written; replacing it would get around that."""
        target = self.path.resolve()
        if self.text is not None and not (target.stat().st_mode & 0o222 and os.access(target, os.W_OK)):
            raise SettingsReadOnly(self.path, "is read-only; make it writable, or change it where it is made")

    def original(self, is_original: Callable[[SettingsDocument], bool]) -> SettingsDocument | None:
        """The newest backup of which that holds; None without one. Backups that cannot be read are passed over."""
        names = self.path.parent.glob(f"{glob.escape(self.path.name)}{BACKUP_MARK}*")
        for backup in sorted(names, reverse=True):
            try:
                found = read_settings(backup, comments=self.comments)
            except (SettingsError, OSError):
                continue
            if is_original(found):
                return found
        return None

    def _refuse_changed(self) -> None:
        try:
            now = self.path.read_bytes()
        except FileNotFoundError:
            now = None
        if now != (None if self.text is None else self.text.encode("utf-8")):
            raise SettingsChanged(self.path, "was changed by somebody else meanwhile; run it again")

    def _keep_owner(self, descriptor: int) -> None:
        """Root, as under sudo, would make the user's file its own."""
        if self.text is not None and os.geteuid() == 0:
            owner = self.path.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _back_up(self) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        # Beside the path the user knows, never beside a link's target: that may lie in a repository of dotfiles.
        backup = self.path.with_name(f"{self.path.name}{BACKUP_MARK}{stamp}")
        source = self.path.resolve()
        descriptor = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(source.read_bytes())
                os.fchmod(file.fileno(), source.stat().st_mode & 0o7777)
                self._keep_owner(file.fileno())
        except BaseException:
            # Half a backup would count as what was there before.
            os.unlink(backup)
            raise
        return backup


def read_settings(path: Path, *, comments: bool = False) -> SettingsDocument:
    """Reads a settings file; a missing or blank one counts as ``{}``. ``comments`` as the client allows them.

    Raises SettingsNotJson, SettingsWrongShape when the top level is not an object, OSError when it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return SettingsDocument(path, None, {}, comments)
    try:
        text = raw.decode("utf-8")
    except ValueError as error:
        raise SettingsNotJson(path, f"is not valid JSON ({error}); mend it, then try again") from error
    return settings_from(path, text, comments=comments)


def settings_from(path: Path, text: str, *, comments: bool = False) -> SettingsDocument:
    """The settings that a file with this text would hold. Raises SettingsNotJson, SettingsWrongShape."""
    try:
        body = text.removeprefix(_BOM)
        parsed: object = parse(body, comments=comments).root.value if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise SettingsNotJson(path, f"is not valid JSON ({error}); mend it, then try again") from error
    if not isinstance(parsed, dict):
        raise SettingsWrongShape(path, "holds no JSON object at its top level")
    return SettingsDocument(path, text, cast("dict[str, object]", parsed), comments)


def unified_diff(path: Path, before: str | None, after: str | None) -> str:
    """A change as a unified diff, with lines that a terminal shows whatever ends them; None is no file."""
    names = [str(path) if text is not None else os.devnull for text in (before, after)]
    old, new = ((text or "").splitlines() for text in (before, after))
    return "\n".join(difflib.unified_diff(old, new, names[0], names[1], lineterm=""))
