"""The harness itself: hook advice reaches the model of the real Claude Code, and a broken hook server harms nothing."""

import contextlib
import json
import secrets
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from gateway.clients.claude_code.shim import install_shim, shim_command
from tests.clients.broken_gateway import NOISE, Answer, advise, announce, fail, garble, gateway, hang, trickle
from tests.clients.claude_code import ClaudeCode, InstallClaude
from tests.clients.hook_server import Json, advice, hook_server, http_hooks
from tests.clients.scripted_model import (
    StartModel,
    bash,
    call,
    delegate,
    edit,
    read,
    say,
    text_after_tool,
    write,
)

pytestmark = pytest.mark.clients

EVERY_STEP = ["UserPromptSubmit", "PreToolUse", "PostToolUseFailure", "PostToolBatch", "Stop"]
"""The hooks that an agent with one failing command goes through, in order."""

FAILS = bash("echo working > value.txt; exit 3")
"""A command that fails, and does its work all the same."""


async def test_advice_stands_beside_the_failure_it_is_for(model: StartModel, claude: InstallClaude) -> None:
    marker = secrets.token_hex(8)
    works, fails = bash("echo fine"), bash("echo broken; exit 3")
    agent = claude(await model(call(works), call(fails), say("All done.")))
    async with hook_server({"PostToolUseFailure": advice("PostToolUseFailure", marker)}) as hooks:
        agent.configure(http_hooks(hooks.url, ["PostToolUse", "PostToolUseFailure"]))
        run = await agent.run("Do it.")

    assert (run.exit_code, run.result) == (0, "All done.")
    assert [event["tool_use_id"] for event in hooks.events] == [works.id, fails.id]
    assert marker in "".join(text_after_tool(run.requests, fails.id))
    assert marker not in "".join(text_after_tool(run.requests, works.id))


async def test_advice_reaches_a_sub_agent(model: StartModel, claude: InstallClaude) -> None:
    marker = secrets.token_hex(8)
    task, fails = delegate("Look into the failure."), bash("exit 3")
    agent = claude(
        await model(call(task), say("All done."), subagents={"Look into": [call(fails), say("It was nothing.")]})
    )
    async with hook_server({"PostToolUseFailure": advice("PostToolUseFailure", marker)}) as hooks:
        agent.configure(http_hooks(hooks.url, ["PostToolUseFailure"]))
        run = await agent.run("Do it.")

    assert (run.exit_code, run.result) == (0, "All done.")
    assert [request.kind for request in run.requests] == ["main", "subagent", "subagent", "main"]
    assert marker in "".join(text_after_tool(run.requests, fails.id))
    assert marker not in "".join(text_after_tool(run.requests, task.id))


async def work_through(agent: ClaudeCode, settings: Json) -> None:
    """Let the agent play its script with broken hooks on every step, and see that it finishes and noticed nothing."""
    agent.configure(settings)
    run = await agent.run("Do it.")

    assert (run.exit_code, run.result, run.left) == (0, "All done.", [])
    assert (agent.repo / "value.txt").read_text() == "working\n"
    assert text_after_tool(run.requests, FAILS.id) == []
    assert NOISE not in json.dumps([request.body for request in run.requests])


@pytest.mark.parametrize("answer", [hang, trickle, garble, fail])
async def test_broken_hook_server_harms_nothing(answer: Answer, model: StartModel, claude: InstallClaude) -> None:
    agent = claude(await model(call(FAILS), say("All done.")))
    async with gateway(answer) as (url, heard):
        await work_through(agent, http_hooks(url, EVERY_STEP))

    assert heard == EVERY_STEP


async def test_missing_hook_server_harms_nothing(model: StartModel, claude: InstallClaude) -> None:
    agent = claude(await model(call(FAILS), say("All done.")))
    # Bound but not listening: connections are refused, and the port stays ours, so nobody else can answer on it.
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        await work_through(agent, http_hooks(f"http://127.0.0.1:{unheard.getsockname()[1]}", EVERY_STEP))


async def test_missing_shim_harms_nothing(model: StartModel, claude: InstallClaude, tmp_path: Path) -> None:
    agent = claude(await model(call(FAILS), say("All done.")))
    async with gateway(advise) as (url, heard):
        announce(tmp_path / "spark", url)
        install_shim(tmp_path / "spark").unlink()
        hook = {"type": "command", "command": shim_command(tmp_path / "spark", sys.executable)}
        await work_through(agent, {"hooks": {"SessionStart": [{"hooks": [hook]}]}})

    assert heard == []


async def test_file_tools_do_what_the_script_says(model: StartModel, claude: InstallClaude, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "old.txt").write_text("left right\n")
    agent = claude(
        await model(
            call(read(repo / "old.txt")),
            call(edit(repo / "old.txt", "left", "up"), write(repo / "new.txt", "here\n")),
            say("All done."),
        )
    )
    run = await agent.run("Do it.")

    assert (run.exit_code, run.result) == (0, "All done.")
    assert (repo / "old.txt").read_text() == "up right\n"
    assert (repo / "new.txt").read_text() == "here\n"


async def test_no_process_outlives_a_run(model: StartModel, claude: InstallClaude, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    agent = claude(await model(call(bash(f"nohup sleep 600 >/dev/null 2>&1 & echo $! > {pid_file}")), say("All done.")))
    run = await agent.run("Do it.")

    assert (run.exit_code, run.result) == (0, "All done.")
    assert run.left == ["sleep 600"]
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(pid_file.read_text())).wait(timeout=5)


async def test_busy_client_is_ended_at_its_deadline(model: StartModel, claude: InstallClaude, tmp_path: Path) -> None:
    agent = claude(await model(call(bash("sleep 600")), say("All done.")))
    run = await agent.run("Do it.", timeout_s=2)

    assert run.exit_code == -signal.SIGKILL
    with pytest.raises(ValueError, match="no result"):
        _ = run.result
