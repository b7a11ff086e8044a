"""What Spark's installer wires is what the real clients run, Codex because of the trust that was recorded and for no
other reason; taken off again, nothing of it remains."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from gateway.clients.codex import trust
from gateway.clients.shim.command import install_hook_shim
from tests.clients.broken_gateway import NOISE, advise, announce, gateway
from tests.clients.codex import Codex
from tests.clients.command_client import CommandClient, InstallAgent
from tests.clients.gemini import Gemini
from tests.clients.scripted_model import call, say
from tests.clients.spark_up import spark

pytestmark = pytest.mark.clients

HOOKS = ["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd"]
"""Those of a session with one call, in order."""


async def one_call(agent: InstallAgent, client: type[CommandClient] = Codex, command: str = "true") -> CommandClient:
    """A client whose model makes one call; those of one test share their settings."""
    return await agent(client, call(client.shell(command)), say("Done."))


async def finished(codex: CommandClient) -> list[list[str]]:
    """Has it do its task; for each request to the model the sources of what a hook added."""
    run = await codex.run("Do it.")
    assert (run.exit_code, run.result, run.left) == (0, "Done.", []), f"{run.stdout}\n{run.stderr}"
    return run.sources(NOISE)


async def test_codex_runs_no_hook_that_is_not_trusted_and_every_one_that_is(
    agent: InstallAgent, tmp_path: Path
) -> None:
    home = tmp_path / "spark"
    async with gateway(advise) as (url, heard):
        announce(home, url)
        codex = await one_call(agent)
        await codex.connect(home, "--no-trust")
        assert codex.hooks_file.exists()
        assert await finished(codex) == [[], []]
        assert heard == []

        codex = await one_call(agent)
        await codex.connect(home)
        assert await finished(codex) == [["developer"] * 2, ["developer"] * 2]
        assert heard == HOOKS


async def test_an_upgraded_shim_needs_no_trust_anew(agent: InstallAgent, tmp_path: Path) -> None:
    home, ran = tmp_path / "spark", tmp_path / "ran"
    async with gateway(advise) as (url, heard):
        announce(home, url)
        codex = await one_call(agent)
        await codex.connect(home)
        # What an earlier release had in its place.
        install_hook_shim(home).write_text(f"#!/bin/sh\necho hook >> {shlex.quote(str(ran))}\n")
        await finished(codex)
        assert (ran.read_text().count("hook"), heard) == (len(HOOKS), [])

        codex = await one_call(agent)
        await codex.connect(home, "--no-trust")
        await finished(codex)
        assert (ran.read_text().count("hook"), heard) == (len(HOOKS), HOOKS)


async def test_the_users_own_hook_stays_trusted_and_their_files_come_back_byte_for_byte(
    agent: InstallAgent, tmp_path: Path
) -> None:
    home, ran = tmp_path / "spark", tmp_path / "ran"
    async with gateway(advise) as (url, heard):
        announce(home, url)
        codex = await agent(Codex, call(Codex.shell("true")), say("Done."))
        own = {"type": "command", "command": f"echo own >> {shlex.quote(str(ran))}"}
        codex.hooks_file.write_text(json.dumps({"hooks": {"PostToolUse": [{"matcher": "Bash", "hooks": [own]}]}}))
        place = f"{codex.hooks_file}:post_tool_use:0:0"
        trust.record(codex.config, {place: trust.hook_hash("PostToolUse", "Bash", own)})
        before = [file.read_bytes() for file in (codex.hooks_file, codex.config)]
        await codex.connect(home)
        assert await finished(codex) == [["developer"] * 2, ["developer"] * 2]
        assert (ran.read_text().count("own"), heard) == (1, HOOKS)

        await spark(home, "hooks", "uninstall", Codex.name, agent=codex)
        assert [file.read_bytes() for file in (codex.hooks_file, codex.config)] == before
        assert await finished(await one_call(agent)) == [[], []]
        assert (ran.read_text().count("own"), heard) == (2, HOOKS)


async def test_gemini_gets_its_settings_back_byte_for_byte(agent: InstallAgent, tmp_path: Path) -> None:
    home = tmp_path / "spark"
    async with gateway(advise) as (url, heard):
        announce(home, url)
        gemini = await one_call(agent, Gemini)
        before = gemini.hooks_file.read_bytes()
        await gemini.connect(home)
        assert await finished(gemini) == [["user"] * 2, ["output"]]
        assert heard == ["SessionStart", "BeforeAgent", "AfterTool", "AfterAgent", "SessionEnd"]

        await spark(home, "hooks", "uninstall", Gemini.name, agent=gemini)
        assert gemini.hooks_file.read_bytes() == before
