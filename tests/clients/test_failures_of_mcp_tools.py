"""A failed call of an MCP tool teaches, and the next one is advised, in each client by what it tells of such a call."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.clients import made_up_server
from tests.clients.claude_code import InstallClaude
from tests.clients.codex import Codex
from tests.clients.command_client import CommandClient, InstallAgent
from tests.clients.gemini import Gemini
from tests.clients.made_up_server import SERVER, TOOL
from tests.clients.made_up_tool import word
from tests.clients.scripted_model import StartModel, ToolCall, call, say, text_after_tool
from tests.clients.spark_up import LABEL, spark_up

pytestmark = pytest.mark.clients

VALUES = {"item": "lamp"}


def server(refusal: str) -> list[str]:
    """How a client starts the server."""
    return [sys.executable, made_up_server.__file__, refusal]


@pytest.mark.parametrize(
    ("client", "told_at"),
    [
        # Before the call; of its failure Codex runs no hook, so what comes of that is told at the next call.
        (Codex, ["developer", "developer"]),
        # In the place of the error, which is repeated; then behind the result of the next call.
        (Gemini, ["error", "output"]),
    ],
)
async def test_codex_and_gemini_are_told(
    client: type[CommandClient], told_at: list[str], agent: InstallAgent, tmp_path: Path
) -> None:
    refusal = f"no depot is called {word()}"
    async with spark_up(tmp_path / "spark") as spark:
        calls = [client.mcp(SERVER, TOOL, VALUES) for _ in range(3)]
        first = await agent(client, call(calls[0]), call(calls[1]), call(client.shell("true")), say("No."))
        first.add_server(SERVER, server(refusal))
        await first.connect(spark.home)
        run = await first.run("Look it up.")
        assert (run.exit_code, run.result, run.left) == (0, "No.", [])
        await spark.settle(lessons=1)

        second = await agent(client, call(calls[2]), call(client.shell("true")), say("I see."))
        run = await second.run("Once more.")
        assert (run.exit_code, run.result, run.left) == (0, "I see.", [])
        told = [one for news in run.heard for one in news if LABEL in one.text]
        assert [one.source for one in told] == told_at
        assert f'error: "{refusal}"' in told[0].text
        assert "1 of them in this session" in told[1].text
        assert f'last "{refusal}"' in told[1].text


async def test_claude_code_is_told(model: StartModel, claude: InstallClaude, tmp_path: Path) -> None:
    refusal = f"no depot is called {word()}"
    program, *words = server(refusal)
    servers = json.dumps({"mcpServers": {SERVER: {"command": program, "args": words}}})
    calls = [ToolCall(f"mcp__{SERVER}__{TOOL}", dict(VALUES)) for _ in range(3)]
    async with spark_up(tmp_path / "spark") as spark:
        first = claude(await model(call(calls[0]), call(calls[1]), say("No.")))
        await spark.command("hooks", "install", "claude-code", "--user", agent=first)
        run = await first.run("Look it up.", arguments=["--mcp-config", servers])
        assert (run.exit_code, run.result, run.left) == (0, "No.", [])
        await spark.settle(lessons=1)

        second = claude(await model(call(calls[2]), say("I see.")))
        run = await second.run("Once more.", arguments=["--mcp-config", servers])
        assert (run.exit_code, run.result, run.left) == (0, "I see.", [])
        told = [text for text in text_after_tool(run.requests, calls[2].id) if LABEL in text]
        assert told
        assert all(refusal in text for text in told)
