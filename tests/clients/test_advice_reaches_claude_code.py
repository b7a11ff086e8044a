"""The main job, end to end: the real Claude Code fails, finds the fix, and is told of it when it fails again.

Everything that the advice consists of is made at run time: the project's own tool, its flags and their names.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from tests.clients.claude_code import InstallClaude
from tests.clients.made_up_tool import Tool
from tests.clients.scripted_model import StartModel, bash, call, edit, read, say, text_after_tool
from tests.clients.spark_up import spark_up

pytestmark = pytest.mark.clients


async def test_the_fix_of_yesterday_stands_beside_the_failure_of_today(
    tool: Tool, model: StartModel, claude: InstallClaude, tmp_path: Path
) -> None:
    async with spark_up(tmp_path / "spark") as spark:
        first = claude(await model(call(bash(tool.wrong)), call(bash(tool.right)), say("Built.")))
        await spark.command("hooks", "install", "claude-code", "--user", agent=first)
        run = await first.run("Build the output.")
        assert (run.exit_code, run.result) == (0, "Built.")
        assert "earlier work" not in json.dumps([request.body for request in run.requests])
        await spark.settle(lessons=1)

        fails = bash(tool.wrong)
        second = claude(await model(call(fails), say("I see.")), repo=first.repo)
        run = await second.run("Please make it.")
        told = "".join(text_after_tool(run.requests, fails.id))

        assert (run.exit_code, run.result) == (0, "I see.")
        assert tool.right in told
        assert "Spark, from earlier work in this project" in told
        assert told.count(tool.right) == 1, "once is enough"

        explained = await spark.command("explain", "--said", "--json", agent=second)
        assert tool.right in explained
        assert 'event="SessionStart"' in await spark.metrics(), "the shim brought the start of the session"

        await spark.command("hooks", "uninstall", "claude-code", "--user", agent=second)
        silent = claude(await model(call(bash(tool.wrong)), say("I see.")), repo=first.repo)
        run = await silent.run("Please make it.")
        assert tool.right not in json.dumps([request.body for request in run.requests])


async def test_advice_comes_on_the_prompt_and_a_step_ahead(
    tool: Tool, model: StartModel, claude: InstallClaude, tmp_path: Path
) -> None:
    prepares = [bash("cat notes.txt") for _ in range(2)]
    async with spark_up(tmp_path / "spark") as spark:
        first = claude(
            await model(call(prepares[0]), call(bash(tool.wrong)), call(bash(tool.right)), say("Built.")),
        )
        (first.repo / "notes.txt").write_text("nothing new\n")
        await spark.command("hooks", "install", "claude-code", "--user", agent=first)
        assert (await first.run(f"Build the output with {tool.name}.")).result == "Built."
        await spark.settle(lessons=1)

        second = claude(await model(call(prepares[1]), call(bash(tool.right)), say("Built.")), repo=first.repo)
        run = await second.run("Go on.")
        assert run.result == "Built."
        assert tool.right in "".join(text_after_tool(run.requests, prepares[1].id))

        third = claude(await model(say("I will.")), repo=first.repo)
        run = await third.run(f"Please build it again with {tool.name}.")
        assert run.result == "I will."
        assert tool.right in "".join(run.requests[0].texts)


async def test_an_edit_that_the_client_itself_turned_down_is_learnt_from(
    model: StartModel, claude: InstallClaude, tmp_path: Path
) -> None:
    name = f"module_{secrets.token_hex(4)}.py"
    path = tmp_path / "repo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("value = 1\n")
    too_early, later = edit(str(path), "value = 1", "value = 2"), edit(str(path), "value = 1", "value = 2")
    async with spark_up(tmp_path / "spark") as spark:
        agent = claude(await model(call(too_early), call(read(str(path))), call(later), say("Done.")))
        await spark.command("hooks", "install", "claude-code", "--user", agent=agent)
        run = await agent.run("Set the value to two.")
        assert run.result == "Done."
        assert path.read_text() == "value = 2\n"
        await spark.settle(lessons=1)
        known = json.loads(await spark.command("lessons", "--all", "--json", agent=agent))
        assert [name in lesson["text"] for lesson in known["lessons"]] == [True]


async def test_the_agent_goes_on_when_spark_is_gone(
    tool: Tool, model: StartModel, claude: InstallClaude, tmp_path: Path
) -> None:
    agent = claude(await model(call(bash(tool.wrong)), call(bash(tool.right)), say("Built.")))
    async with spark_up(tmp_path / "spark") as spark:
        await spark.command("hooks", "install", "claude-code", "--user", agent=agent)
    run = await agent.run("Build the output.")
    assert (run.exit_code, run.result) == (0, "Built.")
    assert "SessionStart" not in run.stderr
