"""Real clients on two machines beside one shared Spark: what one of them learnt is told on the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.claude_code import InstallClaude
from tests.clients.codex import Codex
from tests.clients.command_client import InstallAgent
from tests.clients.made_up_tool import Tool
from tests.clients.scripted_model import StartModel, bash, call, say
from tests.clients.spark_up import connected, spark_up

pytestmark = pytest.mark.clients


async def test_what_codex_learnt_on_one_machine_is_told_to_claude_code_on_another(
    tool: Tool, agent: InstallAgent, model: StartModel, claude: InstallClaude, tmp_path: Path
) -> None:
    async with (
        spark_up(tmp_path / "shared") as shared,
        connected(tmp_path / "one", shared) as one,
        connected(tmp_path / "two", shared) as two,
    ):
        codex = await agent(Codex, call(Codex.shell(tool.wrong)), call(Codex.shell(tool.right)), say("Built."))
        await codex.connect(one.home)
        assert (await codex.run("Build the output.")).result == "Built."
        await shared.settle(lessons=1)

        other = claude(await model(call(bash(tool.wrong)), say("I see.")))
        await two.command("hooks", "install", "claude-code", "--user", agent=other)
        assert (await other.run("Make it.")).result == "I see."
        assert any(tool.right in text for request in other.model.requests for text in request.texts)
