"""Runs the real Claude Code without a terminal, in a home of its own, against a scripted model."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.clients.headless import Ended, run_to_end
from tests.clients.scripted_model import ModelRequest, ScriptedModel

_PACKAGE = "@anthropic-ai/claude-code"
_HERE = Path(__file__).parent


def installed_claude_code() -> Path | None:
    """The native binary of the version pinned in ``package.json``; None if that version is not installed here.

    It lies in the platform's own package, so no install script has to have run.
    """
    pinned = json.loads((_HERE / "package.json").read_text())["dependencies"][_PACKAGE]
    for manifest in (_HERE / "node_modules").glob(f"{_PACKAGE}-*/package.json"):
        if json.loads(manifest.read_text())["version"] == pinned:
            return manifest.with_name("claude")
    return None


@dataclass(frozen=True)
class Run(Ended):
    """One finished run: what the client printed and what its model was sent in the meantime."""

    requests: list[ModelRequest]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The client's own output stream, one message for each line of ``stdout``."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def result(self) -> str:
        """The last words of the agent. Raises ValueError where the run ended without any."""
        for message in reversed(self.messages):
            if message["type"] == "result" and "result" in message:
                return message["result"]
        raise ValueError(f"no result; exit code {self.exit_code}\n{self.stdout}\n{self.stderr}")

    @property
    def session_id(self) -> str:
        """The id that the hooks and the transcript of this run carry."""
        return self.messages[0]["session_id"]


class ClaudeCode:
    """A user's Claude Code: a home folder, settings, and a repository it works in.

    ``folder`` receives the home (``home``), the client's configuration (``config_dir``: settings and transcripts) and
    its temporary files, shared by several runs as a user's are. The user's own home and settings are never touched.
    """

    def __init__(self, binary: Path, folder: Path, repo: Path, model: ScriptedModel) -> None:
        self.binary = binary
        self.repo = repo
        self.model = model
        self.home = folder / "home"
        self.config_dir = self.home / ".claude"
        self.settings_file = self.config_dir / "settings.json"
        self._tmp = folder / "tmp"
        for needed in (self.config_dir, self._tmp, repo):
            needed.mkdir(parents=True, exist_ok=True)

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Replace the user's settings file, where hooks are registered."""
        self.settings_file.write_text(json.dumps(settings))

    def own_home(self) -> dict[str, str]:
        """The variables by which this user's settings are found."""
        return {"HOME": str(self.home), "CLAUDE_CONFIG_DIR": str(self.config_dir)}

    def environment(self) -> dict[str, str]:
        """The whole environment of the client: of the caller's, only the search path is kept."""
        return {
            "PATH": os.environ["PATH"],
            **self.own_home(),
            "TMPDIR": str(self._tmp),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            "ANTHROPIC_BASE_URL": self.model.url,
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            # As root the client refuses to bypass permissions unless told that it is in a sandbox.
            "IS_SANDBOX": "1",
        }

    def transcripts(self) -> list[Path]:
        """The recordings that the client made of its sessions and their sub-agents, in no given order."""
        return list((self.config_dir / "projects").rglob("*.jsonl"))

    async def run(
        self,
        prompt: str,
        *,
        permission_mode: str = "bypassPermissions",
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        timeout_s: float = 30,
    ) -> Run:
        """Let the agent work on ``prompt`` until it is done, and end every process that it has left.

        ``arguments`` are added to the command line (``["--resume", session_id]``), ``environment`` to the environment.
        A client still busy after ``timeout_s`` seconds is killed; a short run takes about 1 s.
        """
        command = ["-p", prompt, "--output-format", "stream-json", "--verbose", "--permission-mode", permission_mode]
        seen = len(self.model.requests)
        ended = await run_to_end(
            [self.binary, *command, *arguments],
            cwd=self.repo,
            environment=self.environment() | dict(environment or {}),
            mark="CLAUDE_CONFIG_DIR",
            timeout_s=timeout_s,
        )
        return Run(**vars(ended), requests=self.model.requests[seen:])


class InstallClaude(Protocol):
    """The ``claude`` fixture: a Claude Code whose model is ``model``, with home and repository under ``tmp_path``.

    Two with different ``user`` share nothing but the repository, two with the same ``user`` also home and settings.
    """

    def __call__(self, model: ScriptedModel, *, repo: Path | None = None, user: str = "user") -> ClaudeCode: ...
