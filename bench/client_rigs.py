"""The real clients as they are measured: a quick call of each, the hooks around it, and how a command gets there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette

from gateway.clients.codex import trust
from tests.clients.claude_code import ClaudeCode, installed_claude_code
from tests.clients.codex import Codex
from tests.clients.command_client import CommandClient, installed
from tests.clients.gemini import Gemini
from tests.clients.scripted_model import ScriptedModel, ToolCall, Turn, read

HOOK_TIMEOUT_S = 1
"""As Spark's installer has it."""


class Model(Protocol):
    """A scripted model."""

    url: str

    @property
    def app(self) -> Starlette:
        """Its API."""
        ...


class Run(Protocol):
    """How a session ended."""

    @property
    def exit_code(self) -> int:
        """Of the client."""
        ...

    @property
    def result(self) -> str:
        """Its last words. Raises ValueError where there are none."""
        ...

    @property
    def stderr(self) -> str:
        """What it complained of."""
        ...


class Agent(Protocol):
    """A client in a home of its own."""

    @property
    def repo(self) -> Path:
        """Where it works."""
        ...

    def own_home(self) -> dict[str, str]:
        """The variables by which its settings are found."""
        ...

    async def run(self, prompt: str, *, timeout_s: float = ...) -> Run:
        """Has it work until it is done."""
        ...


class Rig(Protocol):
    """One client."""

    @property
    def name(self) -> str:
        """As Spark calls it."""
        ...

    @property
    def fires(self) -> Sequence[str]:
        """The hooks of Spark's that a call which works goes through."""
        ...

    @property
    def around(self) -> Sequence[str]:
        """The client's hooks before and after a call."""
        ...

    @property
    def limit_ms(self) -> float:
        """What they may add to a call."""
        ...

    def installed(self) -> Path | None:
        """The pinned program; None where it is not here."""
        ...

    def made(self, turns: Sequence[Turn], folder: Path) -> tuple[Model, Agent]:
        """A model that plays turns, and the client of the user whose home lies in a folder."""
        ...

    def call(self, file: Path) -> ToolCall:
        """A quick call: it reads a file of the repository."""
        ...

    def hook(self, folder: Path, command: str) -> None:
        """Has the client of that folder run a command before and after each call."""
        ...


class ClaudeRig:
    """Claude Code, wired over HTTP."""

    name = "claude-code"
    fires = ("PreToolUse", "PostToolUse", "PostToolBatch")
    around = ("PreToolUse", "PostToolUse")
    limit_ms = 5.0

    def installed(self) -> Path | None:
        return installed_claude_code()

    def made(self, turns: Sequence[Turn], folder: Path) -> tuple[Model, ClaudeCode]:
        model, binary = ScriptedModel(turns, {}), self.installed()
        assert binary is not None
        return model, ClaudeCode(binary, folder, folder / "repo", model)

    def call(self, file: Path) -> ToolCall:
        return read(file)

    def hook(self, folder: Path, command: str) -> None:
        entry = {"type": "command", "command": command, "timeout": HOOK_TIMEOUT_S}
        hooks = {event: [{"matcher": "*", "hooks": [entry]}] for event in self.around}
        self.made([], folder)[1].configure({"hooks": hooks})

    def keep_only_around(self, folder: Path) -> None:
        """Takes every hook out of the settings of that folder's client but those before and after a call."""
        _, agent = self.made([], folder)
        settings = json.loads(agent.settings_file.read_text())
        settings["hooks"] = {event: settings["hooks"][event] for event in self.around}
        agent.configure(settings)


class CommandRig:
    """A client whose hooks are commands."""

    limit_ms = 12.0

    def __init__(self, client: type[CommandClient], fires: Sequence[str], around: Sequence[str]) -> None:
        self.client = client
        self.name = client.name
        self.fires = fires
        self.around = around

    def installed(self) -> Path | None:
        return installed(self.client)

    def made(self, turns: Sequence[Turn], folder: Path) -> tuple[Model, CommandClient]:
        model, binary = self.client.scripted(turns), self.installed()
        assert binary is not None
        return model, self.client(binary, folder, folder / "repo", model)

    def call(self, file: Path) -> ToolCall:
        return Gemini.read(file) if self.client is Gemini else self.client.shell(f"cat {file.name}")

    def hook(self, folder: Path, command: str) -> None:
        _, agent = self.made([], folder)
        entry = {"type": "command", "command": command, "timeout": HOOK_TIMEOUT_S}
        if isinstance(agent, Codex):
            places = {event: f"{agent.hooks_file}:{trust.snake(event)}:0:0" for event in self.around}
            hashes = {place: trust.hook_hash(event, None, entry) for event, place in places.items()}
            trust.record(agent.config, hashes)
            settings = {}
        else:
            entry["timeout"] = HOOK_TIMEOUT_S * agent.dialect.timeouts_per_s
            settings = json.loads(agent.hooks_file.read_text())
        settings["hooks"] = {event: [{"hooks": [entry]}] for event in self.around}
        agent.hooks_file.write_text(json.dumps(settings))


RIGS: tuple[Rig, ...] = (
    ClaudeRig(),
    CommandRig(Codex, fires=("PreToolUse", "PostToolUse"), around=("PreToolUse", "PostToolUse")),
    CommandRig(Gemini, fires=("AfterTool",), around=("BeforeTool", "AfterTool")),
)
