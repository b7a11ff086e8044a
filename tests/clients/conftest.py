"""Fixtures that put a real client, a scripted model and a repository together for one test."""

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.clients.claude_code import ClaudeCode, InstallClaude, installed_claude_code
from tests.clients.command_client import Client, InstallAgent, installed
from tests.clients.made_up_tool import Tool, made_up_tool
from tests.clients.scripted_api import playing
from tests.clients.scripted_model import ScriptedModel, StartModel, Turn, scripted_model


def _present(name: str, binary: Path | None) -> Path:
    """The binary of a client. Where it is missing the test is skipped, but under CI it fails: there it must run."""
    if binary is None:
        missing = f"{name}, in the version that tests/clients/package.json pins, is NOT INSTALLED: run `make clients`"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return binary


@pytest.fixture(scope="session")
def claude_binary() -> Path:
    """The pinned Claude Code."""
    return _present("Claude Code", installed_claude_code())


@pytest.fixture
async def model() -> AsyncGenerator[StartModel]:
    """Start scripted models: ``await model(call(bash("false")), say("done"))``."""
    async with AsyncExitStack() as running:

        async def start(*turns: Turn, subagents: Mapping[str, Sequence[Turn]] | None = None) -> ScriptedModel:
            return await running.enter_async_context(scripted_model(turns, subagents))

        yield start


@pytest.fixture
def claude(claude_binary: Path, tmp_path: Path) -> InstallClaude:
    """Set up a Claude Code for a model: ``claude(await model(...))``; see ``InstallClaude``."""

    def install(model: ScriptedModel, *, repo: Path | None = None, user: str = "user") -> ClaudeCode:
        return ClaudeCode(claude_binary, tmp_path / user, repo or tmp_path / "repo", model)

    return install


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncGenerator[InstallAgent]:
    """Set up Codex or Gemini CLI: ``await agent(Codex, call(Codex.shell("false")), say("done"))``."""
    async with AsyncExitStack() as running:

        async def install(client: type[Client], *turns: Turn) -> Client:
            binary = _present(client.package, installed(client))
            model = await running.enter_async_context(playing(client.scripted(turns)))
            return client(binary, tmp_path / client.name, tmp_path / "repo", model)

        yield install


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """A program in the repository that no model can know."""
    return made_up_tool(tmp_path / "repo")
