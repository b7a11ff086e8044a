"""What Spark's reading of Claude Code rests on, asked of the client itself: a new version that differs fails here."""

import json
from pathlib import Path

import pytest

from tests.clients.claude_code import InstallClaude
from tests.clients.hook_server import hook_server, http_hooks
from tests.clients.scripted_model import StartModel, ToolCall, bash, call, delegate, say

pytestmark = pytest.mark.clients


async def test_transcript_and_hooks_name_the_same_prompt(model: StartModel, claude: InstallClaude) -> None:
    task = delegate("Look into it.")
    agent = claude(
        await model(call(task), say("All done."), subagents={"Look into": [call(bash("true")), say("Fine.")]})
    )
    async with hook_server() as hooks:
        agent.configure(http_hooks(hooks.url, ["UserPromptSubmit", "PostToolUse", "SubagentStop", "SessionEnd"]))
        run = await agent.run("Do it.")

    lines = [json.loads(line) for file in agent.transcripts() for line in file.read_text().splitlines()]
    of_user = [line for line in lines if line["type"] == "user"]
    prompt_id = hooks.named("UserPromptSubmit")[0]["prompt_id"]
    assert {line["promptId"] for line in of_user} == {prompt_id}
    assert {event["prompt_id"] for event in hooks.events} == {prompt_id}
    assert {line["sessionId"] for line in of_user} == {run.session_id}

    inner, outer = hooks.named("PostToolUse")
    (ended,) = hooks.named("SubagentStop")
    assert (inner["tool_name"], inner["agent_id"]) == ("Bash", ended["agent_id"])
    assert (outer["tool_name"], outer.get("agent_id")) == ("Agent", None)
    assert Path(ended["agent_transcript_path"]) in agent.transcripts()


async def test_session_start_runs_as_a_command_only(model: StartModel, claude: InstallClaude, tmp_path: Path) -> None:
    started = tmp_path / "started.json"
    agent = claude(await model(say("All done.")))
    async with hook_server() as hooks:
        settings = http_hooks(hooks.url, ["SessionStart", "SessionEnd"])
        command = {"type": "command", "command": f"cat > {started}; echo Told at the start.", "timeout": 5}
        settings["hooks"]["SessionStart"][0]["hooks"].append(command)
        agent.configure(settings)
        run = await agent.run("Do it.")

    assert json.loads(started.read_text())["source"] == "startup"
    assert [event["hook_event_name"] for event in hooks.events] == ["SessionEnd"]
    assert "Told at the start." in "".join(run.requests[0].texts)


async def test_refused_call_is_seen_in_the_batch_alone(model: StartModel, claude: InstallClaude) -> None:
    refused, unknown = bash('python3 -c \'open("touched", "w")\''), ToolCall("Frobnicate", {})
    agent = claude(await model(call(refused, unknown), say("All done.")))
    async with hook_server() as hooks:
        agent.configure(http_hooks(hooks.url, ["PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch"]))
        run = await agent.run("Do it.", permission_mode="default")

    assert (run.exit_code, run.result) == (0, "All done.")
    assert not (agent.repo / "touched").exists()
    assert [event["hook_event_name"] for event in hooks.events] == ["PreToolUse", "PostToolBatch"]
    replies = {one["tool_use_id"]: one["tool_response"] for one in hooks.named("PostToolBatch")[0]["tool_calls"]}
    assert replies.keys() == {refused.id, unknown.id}
    assert replies[refused.id] == "This command requires approval"
    assert replies[unknown.id] == "<tool_use_error>Error: No such tool available: Frobnicate</tool_use_error>"
