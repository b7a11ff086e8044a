"""When each place was last told of each alert, kept in the data folder: a Spark that starts again and again must not
send a message each time."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import cast

NAME = "alerts-sent.json"


class Sent:
    """The times, by place and alert. Without a folder they last as long as the process."""

    def __init__(self, home: Path | None) -> None:
        self._path = home / NAME if home else None
        self._times: dict[str, datetime] = {}

    def last(self, place: str, alert: str) -> datetime | None:
        """When a place was last told of an alert by a process of this folder."""
        return {**self._times, **self._kept()}.get(key_of(place, alert))

    def note(self, place: str, alert: str, at: datetime | None) -> None:
        """Notes that it is told at a time, or, with None, that it was not after all. A folder that cannot be written
        to costs the memory beyond this process."""
        self._times = {**self._kept(), **self._times}
        self._times.pop(key_of(place, alert), None)
        if at is not None:
            self._times[key_of(place, alert)] = at
        if self._path is not None:
            self._write(self._path)

    def _write(self, path: Path) -> None:
        draft = path.with_name(f"{NAME}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump({key: time.isoformat() for key, time in sorted(self._times.items())}, file, indent=1)
            draft.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink()

    def _kept(self) -> dict[str, datetime]:
        """What the file says; a broken one says nothing."""
        if self._path is None:
            return {}
        try:
            content: object = json.loads(self._path.read_text(encoding="utf-8"))
            times = {str(key): datetime.fromisoformat(str(at)) for key, at in pairs(content)}
        except (OSError, ValueError):
            return {}
        return {key: at for key, at in times.items() if at.tzinfo is not None}


def pairs(content: object) -> list[tuple[object, object]]:
    """The entries of a mapping; of anything else none."""
    return list(cast(Mapping[object, object], content).items()) if isinstance(content, Mapping) else []


def key_of(place: str, alert: str) -> str:
    """An entry's name."""
    return f"{place} {alert}"
