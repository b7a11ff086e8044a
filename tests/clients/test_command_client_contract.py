"""What Spark's replies to Codex and Gemini CLI rest on, asked of the clients themselves: a new version that differs
fails here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.clients.broken_gateway import NOISE, advise, announce, gateway
from tests.clients.codex import Codex
from tests.clients.command_client import InstallAgent
from tests.clients.gemini import Gemini
from tests.clients.hook_server import advice
from tests.clients.scripted_model import call, say

pytestmark = pytest.mark.clients


async def test_codex_runs_no_hook_when_a_patch_fails(agent: InstallAgent, tmp_path: Path) -> None:
    path, home = tmp_path / "repo" / "value.txt", tmp_path / "spark"
    codex = await agent(
        Codex, call(Codex.edit(path, "never there", "anything")), call(Codex.shell("false")), say("No.")
    )
    path.write_text("something else\n")
    async with gateway(advise) as (url, heard):
        announce(home, url)
        await codex.connect(home)
        run = await codex.run("Set it.")
    assert (run.exit_code, run.result, run.left) == (0, "No.", [])
    # The patch, then the command that fails.
    calls = ["PreToolUse", "PreToolUse", "PostToolUse"]
    assert heard == ["SessionStart", "UserPromptSubmit", *calls, "Stop", "SessionEnd"]
    assert run.sources(NOISE) == [["developer"] * 2, ["developer"], ["developer"] * 2]


async def test_codex_throws_a_reply_away_for_one_key_that_it_does_not_know(agent: InstallAgent, tmp_path: Path) -> None:
    async def answer(request: Request) -> Response:
        return JSONResponse(advice((await request.json())["hook_event_name"], NOISE) | {"note": "unknown"})

    codex, home = await agent(Codex, call(Codex.shell("true")), say("Done.")), tmp_path / "spark"
    async with gateway(answer) as (url, heard):
        announce(home, url)
        await codex.connect(home)
        run = await codex.run("Do it.")
    assert (run.exit_code, run.result, run.left) == (0, "Done.", [])
    assert set(heard) == {"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd"}
    assert run.sources(NOISE) == [[], []]


async def test_gemini_hears_nothing_before_a_call_and_nothing_beside_an_error(
    agent: InstallAgent, tmp_path: Path
) -> None:
    fails, works = Gemini.read(tmp_path / "repo" / "missing"), Gemini.shell("exit 3")
    gemini, home = await agent(Gemini, call(fails), call(works), say("Done.")), tmp_path / "spark"
    async with gateway(advise) as (url, heard):
        announce(home, url)
        await gemini.connect(home)
        hook_also(gemini.hooks_file, "BeforeTool", like="AfterTool")
        run = await gemini.run("Do it.")
    assert (run.exit_code, run.result, run.left) == (0, "Done.", [])
    calls = ["BeforeTool", "AfterTool"] * 2
    assert heard == ["SessionStart", "BeforeAgent", *calls, "AfterAgent", "SessionEnd"]
    assert run.sources(NOISE) == [["user", "user"], [], ["output"]]
    (output,) = run.heard[2]
    assert output.text.count(NOISE) == 1, "that of the result alone"


def hook_also(settings: Path, event: str, *, like: str) -> None:
    """Has a client run at one more event what it runs at another."""
    document = json.loads(settings.read_text())
    document["hooks"][event] = document["hooks"][like]
    settings.write_text(json.dumps(document))
