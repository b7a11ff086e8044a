"""A settings.json that other people own: read it, change it in place, lose nothing.

Key order, indent, line ends, byte order mark and the trailing newline stay as found; every changing write leaves a
backup beside the file first and replaces the file whole.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

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
    """The file is not strict JSON (comments and trailing commas are not either); it was left untouched."""


class SettingsWrongShape(SettingsError):
    """The file is JSON, but not shaped as the client's settings are; it was left untouched."""


@dataclass(frozen=True, slots=True)
class SettingsDocument:
    """One settings file as found. ``text`` is None when there is no file yet."""

    path: Path
    text: str | None
    value: dict[str, object]

    def write(self, value: dict[str, object]) -> Path | None:
        """Replaces the content and returns the backup of what was there (None when there was no file).

        The file keeps its mode; a new one is 0600, because a token goes into it. A symbolic link stays one: its target
        is replaced. Raises OSError, SettingsNotJson when a number cannot be written back.
        """
        try:
            content = _encode(value, self.text)
        except ValueError as error:
            raise SettingsNotJson(self.path, f"holds a number that cannot be kept: {error}") from error
        backup = None if self.text is None else self._back_up()
        target = self.path.resolve()
        mode = target.stat().st_mode & 0o7777 if self.text is not None else _NEW_FILE_MODE
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
        return backup

    def remove(self) -> Path:
        """Takes the whole file away, leaving a backup. Raises OSError."""
        backup = self._back_up()
        self.path.resolve().unlink()
        return backup

    def _back_up(self) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        # Beside the path the user knows, never beside a link's target: that may lie in a repository of dotfiles.
        backup = self.path.with_name(f"{self.path.name}{BACKUP_MARK}{stamp}")
        source = self.path.resolve()
        descriptor = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(source.read_bytes())
            os.fchmod(file.fileno(), source.stat().st_mode & 0o7777)
        return backup


def read_settings(path: Path) -> SettingsDocument:
    """Reads a settings file; a missing or blank one counts as ``{}``.

    Raises SettingsNotJson, SettingsWrongShape when the top level is not an object, OSError when it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return SettingsDocument(path, None, {})
    try:
        text = raw.decode("utf-8")
        body = text.removeprefix(_BOM)
        parsed: object = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise SettingsNotJson(path, f"is not valid JSON ({error}); mend it, then try again") from error
    if not isinstance(parsed, dict):
        raise SettingsWrongShape(path, "holds no JSON object at its top level")
    return SettingsDocument(path, text, cast("dict[str, object]", parsed))


def _encode(value: dict[str, object], like: str | None) -> bytes:
    """Writes ``value`` in the style of ``like``. Raises ValueError for a number that JSON does not have."""
    original = like if like is not None and like.removeprefix(_BOM).strip() else "{}\n"
    body = original.removeprefix(_BOM).strip()
    indented = re.search(r'^([ \t]+)"', body, re.MULTILINE)
    one_line = "\n" not in body and body != "{}"
    separators = (",", ":") if one_line and '": ' not in body else (", ", ": ") if one_line else (",", ": ")
    indent = None if one_line else indented[1] if indented else "  "

    def dump(ascii_only: bool) -> str:
        return json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only, allow_nan=False)

    prefix = _BOM if original.startswith(_BOM) else ""
    end = "\n" if original.rstrip(" \t\r").endswith("\n") else ""
    newline = "\r\n" if "\r\n" in original else "\n"
    try:
        # A file that spells everything in ASCII keeps its escapes.
        return (prefix + (dump(original.isascii()) + end).replace("\n", newline)).encode("utf-8")
    except UnicodeEncodeError:
        return (prefix + (dump(True) + end).replace("\n", newline)).encode("utf-8")
