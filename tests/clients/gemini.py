"""The real Gemini CLI, with a home of its own and a scripted model."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from gateway.clients.command_hooks import Dialect
from gateway.clients.gemini.hooks_file import GEMINI
from tests.clients.command_client import CommandClient
from tests.clients.scripted_api import ScriptedApi
from tests.clients.scripted_gemini import ScriptedGemini
from tests.clients.scripted_model import ToolCall, Turn

MODEL = "gemini-2.5-flash"


class Gemini(CommandClient):
    """See ``CommandClient``."""

    name: ClassVar[str] = "gemini"
    package: ClassVar[str] = "@google/gemini-cli"
    program: ClassVar[str] = "gemini"
    mark: ClassVar[str] = "GEMINI_CLI_HOME"
    dialect: ClassVar[Dialect] = GEMINI

    @staticmethod
    def scripted(turns: Sequence[Turn]) -> ScriptedApi:
        return ScriptedGemini(turns)

    @staticmethod
    def shell(command: str) -> ToolCall:
        return _call("run_shell_command", command=command, description="Run a command")

    @staticmethod
    def edit(path: Path, old: str, new: str) -> ToolCall:
        return _call("replace", file_path=str(path), old_string=old, new_string=new, instruction="Replace the text")

    @staticmethod
    def mcp(server: str, tool: str, values: dict[str, str]) -> ToolCall:
        return _call(f"mcp_{server}_{tool}", **values)

    @staticmethod
    def read(path: Path) -> ToolCall:
        """The call that reads the file at the absolute ``path``."""
        return _call("read_file", file_path=str(path))

    def configure(self) -> None:
        settings = {
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
            # After 30 calls it would ask its model whether it goes round in circles, and wait for JSON.
            "model": {"disableLoopDetection": True},
            "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        }
        self.hooks_file.parent.mkdir(exist_ok=True)
        if not self.hooks_file.exists():
            self.hooks_file.write_text(json.dumps(settings, indent=2))

    def add_server(self, name: str, command: Sequence[str]) -> None:
        program, *words = command
        settings = json.loads(self.hooks_file.read_text())
        settings.setdefault("mcpServers", {})[name] = {"command": program, "args": words}
        self.hooks_file.write_text(json.dumps(settings, indent=2))

    def environment(self) -> dict[str, str]:
        return {
            "GEMINI_CLI_HOME": str(self.home),
            "GEMINI_API_KEY": "dummy",
            "GOOGLE_GEMINI_BASE_URL": self.model.url,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            "GEMINI_SANDBOX": "false",
            # Else it starts itself a second time, to have more memory, which takes as long as all the rest.
            "GEMINI_CLI_NO_RELAUNCH": "true",
        }

    def arguments(self, prompt: str) -> list[str]:
        return ["-p", prompt, "--output-format", "stream-json", "--yolo", "--skip-trust", "-m", MODEL]

    @staticmethod
    def result(events: Sequence[dict[str, Any]]) -> str:
        said = [event["content"] for event in events if (event["type"], event.get("role")) == ("message", "assistant")]
        return said[-1] if said else ""


def _call(name: str, **arguments: str) -> ToolCall:
    return ToolCall(name, arguments, id=f"call_{uuid.uuid4().hex}")
