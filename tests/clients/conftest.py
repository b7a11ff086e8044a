"""Fixtures that put the real Claude Code, a scripted model and a repository together for one test."""

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.clients.claude_code import ClaudeCode, InstallClaude, installed_claude_code
from tests.clients.scripted_model import ScriptedModel, StartModel, Turn, scripted_model

_MISSING = "Claude Code, in the version that tests/clients/package.json pins, is NOT INSTALLED: run `make clients`"


@pytest.fixture(scope="session")
def claude_binary() -> Path:
    """The pinned Claude Code. Where it is missing the test is skipped, but under CI it fails: there it must run."""
    binary = installed_claude_code()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail(_MISSING, pytrace=False)
        pytest.skip(_MISSING)
    return binary


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
