"""Writes transcripts as Claude Code keeps them, for tests to import and replay."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Transcript:
    """One session; each call takes a minute."""

    cwd: str
    start: datetime = START
    session: str = field(default_factory=lambda: str(uuid4()))
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def prompt(self, text: str) -> None:
        self._add("user", {"role": "user", "content": text})

    def shell(self, command: str, failure: str = "") -> None:
        """A command and how it came back."""
        call = f"toolu_{uuid4().hex}"
        use = {"type": "tool_use", "id": call, "name": "Bash", "input": {"command": command}}
        self._add("assistant", {"role": "assistant", "content": [use]})
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": call, "content": failure or "fine"}
        if failure:
            result["is_error"] = True
        self._add("user", {"role": "user", "content": [result]})

    def move(self, cwd: str) -> None:
        """Has the session run in another folder."""
        self.cwd = cwd
        for line in self.lines:
            line["cwd"] = cwd

    def save(self, path: Path) -> Path:
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
        return path

    def _add(self, kind: str, message: dict[str, Any]) -> None:
        at = self.start + timedelta(seconds=30 * len(self.lines))
        self.lines.append(
            {
                "type": kind,
                "message": message,
                "uuid": str(uuid4()),
                "sessionId": self.session,
                "cwd": self.cwd,
                "timestamp": at.isoformat().replace("+00:00", "Z"),
                "isSidechain": False,
                "version": "2.1.197",
            }
        )
