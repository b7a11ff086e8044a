"""What one client learnt in a repository is told in another one, each by its own tools and hooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.claude_code import InstallClaude
from tests.clients.codex import Codex
from tests.clients.command_client import InstallAgent
from tests.clients.gemini import Gemini
from tests.clients.made_up_tool import Tool
from tests.clients.scripted_model import StartModel, bash, call, say
from tests.clients.spark_up import SparkUp, spark_up

pytestmark = pytest.mark.clients


async def test_what_codex_learnt_is_told_in_gemini(tool: Tool, agent: InstallAgent, tmp_path: Path) -> None:
    async with spark_up(tmp_path / "spark") as spark:
        codex = await agent(Codex, call(Codex.shell(tool.wrong)), call(Codex.shell(tool.right)), say("Built."))
        await codex.connect(spark.home)
        assert (await codex.run("Build the output.")).result == "Built."
        await spark.settle(lessons=1)

        gemini = await agent(Gemini, call(Gemini.shell(tool.wrong)), say("I see."))
        await gemini.connect(spark.home)
        run = await gemini.run("Make it.")
        assert (run.result, run.sources(tool.right)) == ("I see.", [[], ["output"]])


async def test_what_claude_code_learnt_is_told_in_codex(
    tool: Tool, agent: InstallAgent, model: StartModel, claude: InstallClaude, tmp_path: Path
) -> None:
    async with spark_up(tmp_path / "spark") as spark:
        first = claude(await model(call(bash(tool.wrong)), call(bash(tool.right)), say("Built.")))
        await spark.command("hooks", "install", "claude-code", "--user", agent=first)
        assert (await first.run("Build the output.")).result == "Built."
        await spark.settle(lessons=1)

        codex = await agent(Codex, call(Codex.shell(tool.wrong)), say("I see."))
        await codex.connect(spark.home)
        run = await codex.run("Make it.")
        assert (run.result, run.sources(tool.right)) == ("I see.", [[], ["developer"]])


async def test_what_a_gemini_chat_shows_is_told_in_claude_code(
    tool: Tool, agent: InstallAgent, model: StartModel, claude: InstallClaude, tmp_path: Path
) -> None:
    async with spark_up(tmp_path / "spark") as spark:
        gemini = await agent(Gemini, call(Gemini.shell(tool.wrong)), call(Gemini.shell(tool.right)), say("Built."))
        assert (await gemini.run("Build the output.")).result == "Built."
        assert await imported(spark, gemini) == (3, 0)
        assert await imported(spark, gemini) == (0, 3)

        other = claude(await model(call(bash(tool.wrong)), say("I see.")))
        await spark.command("hooks", "install", "claude-code", "--user", agent=other)
        await other.run("Make it.")
        assert any(tool.right in text for request in other.model.requests for text in request.texts)


async def test_a_gemini_chat_of_a_session_seen_live_teaches_nothing_again(
    tool: Tool, agent: InstallAgent, tmp_path: Path
) -> None:
    async with spark_up(tmp_path / "spark") as spark:
        gemini = await agent(Gemini, call(Gemini.shell(tool.wrong)), call(Gemini.shell(tool.right)), say("Built."))
        await gemini.connect(spark.home)
        assert (await gemini.run("Build the output.")).result == "Built."
        await spark.settle(lessons=1)
        assert await imported(spark, gemini) == (0, 3)


async def imported(spark: SparkUp, gemini: Gemini) -> tuple[int, int]:
    """Moments new and known after an import of a Gemini CLI's chats, all of which could be read."""
    report = json.loads(await spark.command("import", str(gemini.home / ".gemini" / "tmp"), "--json"))
    assert (report["unreadable"], report["moments"]["rejected"]) == ([], 0)
    return report["moments"]["new"], report["moments"]["known"]
