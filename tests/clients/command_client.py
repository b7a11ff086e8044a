"""What the clients have in common whose hooks are commands."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from gateway.clients.command_hooks import Dialect
from tests.clients.headless import Ended, run_to_end
from tests.clients.scripted_api import Heard, ScriptedApi
from tests.clients.scripted_model import ToolCall, Turn
from tests.clients.spark_up import spark

HERE = Path(__file__).parent


@dataclass(frozen=True)
class CommandRun(Ended):
    """One finished run, and for each request to the model what it newly heard."""

    result: str
    heard: list[list[Heard]]

    def sources(self, text: str) -> list[list[str]]:
        """For each request the sources from which the model newly heard a text."""
        return [[one.source for one in news if text in one.text] for news in self.heard]


class CommandClient(ABC):
    """A user's client: a home folder, settings, and a repository it works in, none of them the real user's own.

    ``folder`` receives the home and temporary files, shared by several runs as a user's are.
    """

    name: ClassVar[str]
    """The client's name in the address of its hooks."""
    package: ClassVar[str]
    """The npm package that has it."""
    program: ClassVar[str]
    dialect: ClassVar[Dialect]
    """How Spark wires it."""
    mark: ClassVar[str]
    """A variable of the client's environment that says where its own home is."""

    def __init__(self, binary: Path, folder: Path, repo: Path, model: ScriptedApi) -> None:
        self.binary = binary
        self.repo = repo
        self.model = model
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        for needed in (self.home, self.temporary, repo):
            needed.mkdir(parents=True, exist_ok=True)
        self.configure()

    @property
    def hooks_file(self) -> Path:
        """Where its hooks stand."""
        return self.home / self.dialect.folder / self.dialect.file

    async def connect(self, spark_home: Path, trust: str = "--trust") -> None:
        """Has Spark's installer wire it, with the user's word that they trust the hooks where the client needs that."""
        await spark(spark_home, "hooks", "install", self.name, trust, agent=self)

    def own_home(self) -> dict[str, str]:
        """The variables by which this user's settings are found."""
        return {"HOME": str(self.home), self.mark: self.environment()[self.mark]}

    async def run(self, prompt: str, *, timeout_s: float = 60) -> CommandRun:
        """Let the agent work on ``prompt`` until it is done, and end every process that it has left.

        A client still busy after ``timeout_s`` seconds is killed; a short run takes 2 s (Codex) or 5 s (Gemini CLI).
        """
        environment = {
            "PATH": os.environ["PATH"],
            **self.own_home(),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            **self.environment(),
        }
        seen = len(self.model.requests)
        ended = await run_to_end(
            [self.binary, *self.arguments(prompt)],
            cwd=self.repo,
            environment=environment,
            mark=self.mark,
            timeout_s=timeout_s,
        )
        events = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
        return CommandRun(**vars(ended), result=self.result(events), heard=self.model.heard[seen:])

    @staticmethod
    @abstractmethod
    def scripted(turns: Sequence[Turn]) -> ScriptedApi:
        """A model for this client."""

    @staticmethod
    @abstractmethod
    def shell(command: str) -> ToolCall:
        """The call that runs ``command`` in the agent's shell."""

    @staticmethod
    @abstractmethod
    def edit(path: Path, old: str, new: str) -> ToolCall:
        """The call that replaces the line ``old`` by ``new`` in the file at the absolute ``path``."""

    @staticmethod
    @abstractmethod
    def mcp(server: str, tool: str, values: dict[str, str]) -> ToolCall:
        """The call of a tool of an MCP server."""

    @abstractmethod
    def add_server(self, name: str, command: Sequence[str]) -> None:
        """Adds an MCP server to the user's settings."""

    @abstractmethod
    def configure(self) -> None:
        """Writes the user's settings where there are none yet: without hooks, and of no one model."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What the client's environment has beside what all have."""

    @abstractmethod
    def arguments(self, prompt: str) -> list[str]:
        """The command line after the program."""

    @staticmethod
    @abstractmethod
    def result(events: Sequence[dict[str, Any]]) -> str:
        """The last words of the agent in the client's own output; empty where there are none."""


def installed(client: type[CommandClient]) -> Path | None:
    """The program of the version pinned in ``package.json``; None if that version is not installed here."""
    pinned = json.loads((HERE / "package.json").read_text())["dependencies"][client.package]
    manifest = HERE / "node_modules" / client.package / "package.json"
    if not manifest.is_file() or json.loads(manifest.read_text())["version"] != pinned:
        return None
    return HERE / "node_modules" / ".bin" / client.program


Client = TypeVar("Client", bound=CommandClient)


class InstallAgent(Protocol):
    """The ``agent`` fixture: a client whose model plays ``turns``, with home and repository under ``tmp_path``.

    Those of the same client share home, hooks and repository.
    """

    async def __call__(self, client: type[Client], *turns: Turn) -> Client: ...
