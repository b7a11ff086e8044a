"""The real Codex CLI, with a home of its own and a scripted model."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from gateway.clients.codex.hooks_file import CODEX
from gateway.clients.command_hooks import Dialect
from tests.clients.command_client import CommandClient
from tests.clients.scripted_api import ScriptedApi
from tests.clients.scripted_model import ToolCall, Turn
from tests.clients.scripted_openai import ScriptedOpenAI

MODEL = "gpt-5.5"
"""A model to which the client offers its tools one by one; later ones get a single tool that runs JavaScript."""


class Codex(CommandClient):
    """See ``CommandClient``."""

    name: ClassVar[str] = "codex"
    package: ClassVar[str] = "@openai/codex"
    program: ClassVar[str] = "codex"
    mark: ClassVar[str] = "CODEX_HOME"
    dialect: ClassVar[Dialect] = CODEX

    @staticmethod
    def scripted(turns: Sequence[Turn]) -> ScriptedApi:
        return ScriptedOpenAI(turns)

    @staticmethod
    def shell(command: str) -> ToolCall:
        return ToolCall("exec_command", {"cmd": command}, id=f"call_{uuid.uuid4().hex}")

    @staticmethod
    def edit(path: Path, old: str, new: str) -> ToolCall:
        lines = ["*** Begin Patch", f"*** Update File: {path}", "@@", f"-{old}", f"+{new}", "*** End Patch", ""]
        return ToolCall("apply_patch", {"text": "\n".join(lines)}, id=f"call_{uuid.uuid4().hex}")

    @staticmethod
    def mcp(server: str, tool: str, values: dict[str, str]) -> ToolCall:
        return ToolCall(f"mcp__{server}__{tool}", values, id=f"call_{uuid.uuid4().hex}")

    @property
    def folder(self) -> Path:
        """Where the client keeps its configuration and sessions."""
        return self.home / ".codex"

    @property
    def config(self) -> Path:
        """Its settings, and whom it trusts."""
        return self.folder / "config.toml"

    def configure(self) -> None:
        self.folder.mkdir(exist_ok=True)
        if not self.config.exists():
            self.config.write_text(self._configuration())

    def add_server(self, name: str, command: Sequence[str]) -> None:
        program, *words = command
        with self.config.open("a") as config:
            config.write(f"\n[mcp_servers.{name}]\ncommand = {json.dumps(program)}\nargs = {json.dumps(words)}\n")

    def environment(self) -> dict[str, str]:
        return {"CODEX_HOME": str(self.folder), "SCRIPTED_KEY": "dummy"}

    def arguments(self, prompt: str) -> list[str]:
        # A JSON string is a TOML string too.
        address = f"model_providers.scripted.base_url={json.dumps(f'{self.model.url}/v1')}"
        return ["exec", "--json", "--skip-git-repo-check", "-c", address, prompt]

    def _configuration(self) -> str:
        return f"""
model = "{MODEL}"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
cli_auth_credentials_store = "file"

[model_providers.scripted]
name = "scripted"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
requires_openai_auth = false
request_max_retries = 0
stream_max_retries = 0

[analytics]
enabled = false

[features]
apps = false
plugins = false
daemon_auto_start = false
enable_request_compression = false

[projects.{json.dumps(str(self.repo))}]
trust_level = "trusted"
"""

    @staticmethod
    def result(events: Sequence[dict[str, Any]]) -> str:
        items = [event["item"] for event in events if event["type"] == "item.completed"]
        said = [item["text"] for item in items if item["type"] == "agent_message"]
        return said[-1] if said else ""
