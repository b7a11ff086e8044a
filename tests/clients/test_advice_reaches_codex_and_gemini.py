"""The main job in the clients whose hooks are commands: what a session taught reaches the next one's model in time.

Everything that the advice consists of is made at run time: the project's own tool, its flags and their names.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.codex import Codex
from tests.clients.command_client import CommandClient, CommandRun, InstallAgent
from tests.clients.gemini import Gemini
from tests.clients.made_up_tool import Tool, word
from tests.clients.scripted_model import call, say
from tests.clients.spark_up import LABEL, SparkUp, spark_up

pytestmark = pytest.mark.clients

PREPARE = "cat notes.txt"
"""What the agent does before it builds."""


async def learn(agent: InstallAgent, client: type[CommandClient], tool: Tool, spark: SparkUp) -> CommandRun:
    """A session of the client that does not know better, and finds out."""
    shell = client.shell
    first = await agent(client, call(shell(PREPARE)), call(shell(tool.wrong)), call(shell(tool.right)), say("Built."))
    (first.repo / "notes.txt").write_text("nothing new\n")
    await first.connect(spark.home)
    run = await first.run(f"Build the output with {tool.name}.")
    assert (run.exit_code, run.result, run.left) == (0, "Built.", [])
    assert run.sources(LABEL) == [[], [], [], []]
    await spark.settle(lessons=1)
    return run


@pytest.mark.parametrize("client", [Codex, Gemini])
async def test_advice_comes_on_the_prompt_a_step_ahead_and_at_the_failure(
    client: type[CommandClient], tool: Tool, agent: InstallAgent, tmp_path: Path
) -> None:
    async with spark_up(tmp_path / "spark") as spark:
        await learn(agent, client, tool, spark)

        second = await agent(client, call(client.shell(PREPARE)), call(client.shell(tool.right)), say("Built."))
        run = await second.run("Go on.")
        assert (run.exit_code, run.result, run.left) == (0, "Built.", [])
        assert run.sources(LABEL) == run.sources(tool.right) == [[], [second.model.said_after], []]

        third = await agent(client, call(client.shell(tool.wrong)), say("I see."))
        run = await third.run(f"Please build it again with {tool.name}.")
        assert (run.exit_code, run.result, run.left) == (0, "I see.", [])
        assert run.sources(LABEL) == run.sources(tool.right) == [[third.model.said_on], [third.model.said_after]]


async def test_gemini_hears_advice_behind_an_error_of_the_tool_itself(agent: InstallAgent, tmp_path: Path) -> None:
    name = word()
    missing, there = f"{word()}/{name}.txt", f"{word()}/{name}.txt"
    async with spark_up(tmp_path / "spark") as spark:
        repo = tmp_path / "repo"
        first = await agent(Gemini, call(Gemini.read(repo / missing)), call(Gemini.read(repo / there)), say("Read."))
        (repo / there).parent.mkdir()
        (repo / there).write_text("here\n")
        await first.connect(spark.home)
        run = await first.run("Read it.")
        assert (run.exit_code, run.result, run.left) == (0, "Read.", [])
        await spark.settle(lessons=1)

        second = await agent(Gemini, call(Gemini.read(repo / missing)), say("I see."))
        run = await second.run("Once more.")
        assert (run.exit_code, run.result, run.left) == (0, "I see.", [])
        (told,) = run.heard[1]
        assert told.source == "error"
        assert f"File not found: {repo / missing}" in told.text
        assert LABEL in told.text
        assert there in told.text


async def test_codex_hears_of_a_patch_with_the_call_and_of_its_failure_which_has_no_hook_with_the_next(
    agent: InstallAgent, tmp_path: Path
) -> None:
    path = tmp_path / "repo" / f"{word()}.txt"
    async with spark_up(tmp_path / "spark") as spark:
        wrong = [Codex.edit(path, "never there", "anything") for _ in range(3)]
        first = await agent(Codex, call(wrong[0]), call(wrong[1]), call(Codex.shell("true")), say("No."))
        path.write_text("something else\n")
        await first.connect(spark.home)
        run = await first.run("Set it.")
        assert (run.exit_code, run.result, run.left) == (0, "No.", [])
        await spark.settle(lessons=1)

        second = await agent(Codex, call(wrong[2]), call(Codex.shell("true")), say("I see."))
        run = await second.run("Once more.")
        assert (run.exit_code, run.result, run.left) == (0, "I see.", [])
        assert run.sources(LABEL) == [[], ["developer"], ["developer"]]
        told = [one.text for news in run.heard for one in news if LABEL in one.text]
        assert path.name in told[0]
        assert "1 of them in this session" in told[1], "the failure that no hook told of"
