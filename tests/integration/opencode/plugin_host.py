"""Spark's plugin for OpenCode, driven by node as OpenCode drives it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.clients.opencode.plugin_file import plugin_for

HOST = Path(__file__).with_name("host.mjs")
OWN_DEADLINE = "const DEADLINE_MS = 250\n"
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None, reason="THE PLUGIN FOR OPENCODE IS NOT TESTED: there is no node on this machine"
)

Call = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """What the hooks left behind."""

    exported: int
    hooks: list[str]
    done: list[dict[str, Any]]

    def output(self, place: int) -> Any:
        """The second thing that a hook was given: what it may change."""
        return self.done[place]["given"][1]


@dataclass
class PluginHost:
    """One OpenCode with the plugin of a home. Its own limit is too short for a machine that is busy with tests."""

    home: Path
    folder: Path
    directory: str = "/srv/opencode"
    deadline_ms: int = 20_000

    def play(self, *calls: Call) -> Played:
        """Runs the hooks one after another in one process."""
        assert NODE is not None
        source = plugin_for(self.home)
        assert OWN_DEADLINE in source
        plugin = self.folder / "spark.mjs"
        plugin.write_text(source.replace(OWN_DEADLINE, f"const DEADLINE_MS = {self.deadline_ms}\n"), "utf-8")
        done = subprocess.run(
            [NODE, str(HOST), str(plugin), self.directory],
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return Played(**json.loads(done.stdout))


def created(session: str, parent: str | None = None) -> Call:
    info = {"id": session, **({"parentID": parent} if parent else {})}
    return event("session.created", info=info)


def event(kind: str, **properties: object) -> Call:
    return {"hook": "event", "given": [{"event": {"type": kind, "properties": properties}}]}


def prompted(session: str, message: str, *parts: dict[str, object]) -> Call:
    given = {"message": {"id": message, "role": "user"}, "parts": list(parts)}
    return {"hook": "chat.message", "given": [{"sessionID": session}, given]}


def words(text: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": text, **more}


def ran(session: str, call: str, command: str, code: int | None, printed: str) -> Call:
    asked = {"tool": "bash", "sessionID": session, "callID": call, "args": {"command": command}}
    return {"hook": "tool.execute.after", "given": [asked, {"output": printed, "metadata": {"exit": code}}]}


def request(session: str, *messages: tuple[str, str, list[dict[str, object]]]) -> Call:
    """The messages before a request to the model, each as its id, role and parts."""
    built = [
        {"info": {"id": name, "role": role, "sessionID": session}, "parts": parts} for name, role, parts in messages
    ]
    return {"hook": "experimental.chat.messages.transform", "given": [{}, {"messages": built}]}


def errored(call: str, tool: str, tool_input: dict[str, object], error: str) -> dict[str, object]:
    return {
        "type": "tool",
        "callID": call,
        "tool": tool,
        "state": {"status": "error", "input": tool_input, "error": error},
    }
