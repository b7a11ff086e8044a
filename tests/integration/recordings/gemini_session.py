"""A session of Gemini CLI: the chat that it writes, and the hooks that it calls where Spark is installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from host.home import read_run

LONG_AGO = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MISSING = "/bin/bash: line 1: {}: command not found"


@dataclass
class GeminiSession:
    """One session in `folder`, its chats below `keeps` (a user's `.gemini`); each step takes ten seconds."""

    keeps: Path
    folder: str
    now: datetime = LONG_AGO
    session: str = field(default_factory=lambda: str(uuid4()))
    agent: str = ""
    """The id of the sub-agent that this is of the session; empty for the session itself."""
    hooks: Path | None = None
    """The home of the Spark whose hooks are called."""

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        place = self.keeps / "tmp" / "project"
        (place / ".project_root").write_text(self.folder)
        kind, own = ("subagent", self.agent) if self.agent else ("main", self.session)
        project = sha256(self.folder.encode()).hexdigest()
        self.write(sessionId=own, projectHash=project, startTime=self.stamp(), kind=kind)

    @property
    def path(self) -> Path:
        chats = self.keeps / "tmp" / "project" / "chats"
        return chats / self.session / f"{self.agent}.jsonl" if self.agent else chats / self.name

    @property
    def name(self) -> str:
        return f"session-2026-03-02T09-00-{self.session[:8]}.jsonl"

    def stamp(self) -> str:
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def write(self, **record: Any) -> None:
        with self.path.open("ab") as file:
            file.write(orjson.dumps(record) + b"\n")

    def resumed(self, now: datetime, hooks: Path | None) -> None:
        """Goes on later."""
        self.now, self.hooks = now, hooks

    def prompt(self, text: str) -> None:
        self._call("BeforeAgent", prompt=text)
        self._step()
        self.write(id=str(uuid4()), timestamp=self.stamp(), type="user", content=[{"text": text}])

    def shell(self, command: str, failure: str = "") -> None:
        """A command, which fails where it prints a failure."""
        began, arguments = self.stamp(), {"command": command}
        printed = f"<untrusted_context>\nOutput: {failure or 'fine'}\n{'Exit Code: 127' if failure else ''}"
        printed = f"{printed.rstrip()}\nProcess Group PGID: 7\n</untrusted_context>"
        self._call(
            "AfterTool", tool_name="run_shell_command", tool_input=arguments, tool_response={"llmContent": printed}
        )
        self._step()
        call_id = f"run_shell_command__call_{uuid4().hex}"
        result = [{"functionResponse": {"id": call_id, "name": "run_shell_command", "response": {"output": printed}}}]
        call = {"id": call_id, "name": "run_shell_command", "args": arguments, "result": result, "status": "success"}
        self.write(
            id=str(uuid4()), timestamp=began, type="gemini", content="", toolCalls=[{**call, "timestamp": self.stamp()}]
        )

    def learns(self, tool: str) -> None:
        """Lacks a tool and finds it."""
        self.prompt("Do what has to be done.")
        self.shell(f"{tool} all", MISSING.format(tool))
        self.shell(f"npx {tool} all")

    def _step(self) -> None:
        self.now = datetime.now(UTC) if self.hooks else self.now + timedelta(seconds=10)

    def _call(self, event: str, **fields: Any) -> None:
        if self.hooks is None:
            return
        common = {"hook_event_name": event, "session_id": self.session, "cwd": self.folder, "timestamp": self.stamp()}
        assert post(self.hooks, "gemini", {**common, **fields}).status_code == 200


def post(home: Path, client: str, payload: dict[str, Any]) -> httpx.Response:
    """Calls a hook of the Spark that is up at a home."""
    run = read_run(home)
    assert run is not None
    bearer = {"authorization": f"Bearer {(home / 'token').read_text().strip()}"}
    return httpx.post(f"{run.http}/v1/hooks/{client}", json=payload, headers=bearer, timeout=10)
