"""What Gemini CLI's hooks show, from payloads of the real client."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.gemini.adapter import REPLACEABLE_CHARS, read, reply
from gateway.clients.gemini.mcp_failure import server_said
from gateway.sightings import Unusable
from spark.moment.v1 import moment_pb2 as m

HOOKS: dict[str, dict[str, Any]] = orjson.loads((Path(__file__).parent / "samples" / "gemini.json").read_bytes())


def shell(printed: str, **fields: object) -> dict[str, Any]:
    response = {"llmContent": f"<untrusted_context>\n{printed}\n</untrusted_context>", "returnDisplay": "x"}
    return {**HOOKS["AfterTool.run_shell_command"], "tool_response": response, **fields}


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_of_the_client_can_be_read(name: str) -> None:
    assert read(HOOKS[name]).session_id == HOOKS[name]["session_id"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SessionStart", m.MOMENT_KIND_SESSION_STARTED),
        ("BeforeAgent", m.MOMENT_KIND_PROMPT_SUBMITTED),
        ("BeforeTool.replace", m.MOMENT_KIND_CALL_PROPOSED),
        ("AfterTool.replace", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("AfterTool.replace.error", m.MOMENT_KIND_CALL_FAILED),
        ("AfterTool.mcp_toy_boom.error", m.MOMENT_KIND_CALL_FAILED),
        ("AfterTool.run_shell_command", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("AfterAgent", m.MOMENT_KIND_TURN_ENDED),
        ("SessionEnd", m.MOMENT_KIND_SESSION_ENDED),
    ],
)
def test_each_event_is_its_moment(name: str, kind: m.MomentKind.ValueType) -> None:
    assert [one.kind for one in read(HOOKS[name]).sightings] == [kind]


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("AfterTool.run_shell_command", "Bash"),
        ("AfterTool.read_file", "Read"),
        ("AfterTool.replace", "Edit"),
        ("AfterTool.invoke_agent", "Task"),
        ("AfterTool.mcp_toy_echo", "mcp__toy__echo"),
    ],
)
def test_tools_have_one_name_in_all_clients(name: str, tool: str) -> None:
    (one,) = read(HOOKS[name]).sightings
    assert one.tool == tool


def test_a_command_s_exit_code_stands_behind_what_it_printed() -> None:
    (one,) = read(shell("Output: Exit Code: 7\nno such thing\nExit Code: 2\nProcess Group PGID: 51")).sightings
    assert one.kind == m.MOMENT_KIND_CALL_FAILED
    assert one.error == "Exit code 2\nExit Code: 7\nno such thing"
    (fine,) = read(shell("Output: Exit Code: 7\nall well\nProcess Group PGID: 51")).sightings
    assert fine.kind == m.MOMENT_KIND_CALL_SUCCEEDED
    assert read(shell("Output: x\nExit Code: 2\nProcess Group PGID: 51")).error == "", "a command takes context"


@pytest.mark.parametrize(
    ("prompt", "typed"),
    [
        ("<hook_context>Advice.</hook_context>\n\nFix it.", "Fix it."),
        ("Fix it.\n<hook_context>A</hook_context>\n<hook_context>B</hook_context>", "Fix it."),
        ("Fix <hook_context> please", "Fix\nplease"),
        ("Fix @a.py\n--- Content from referenced files ---\nContent from @a.py:\n1", "Fix @a.py"),
    ],
)
def test_a_prompt_is_what_the_user_typed(prompt: str, typed: str) -> None:
    (one,) = read({**HOOKS["BeforeAgent"], "prompt": prompt}).sightings
    assert one.prompt == typed


def test_what_hooks_alone_said_is_no_prompt() -> None:
    assert read({**HOOKS["BeforeAgent"], "prompt": "<hook_context>Advice.</hook_context>"}).sightings == ()


def test_two_same_calls_are_two() -> None:
    first, second = (
        read(shell("Output: x\nProcess Group PGID: 5", timestamp=f"2026-11-20T15:35:4{number}Z")).sightings[0]
        for number in (1, 2)
    )
    assert first.tool_use_id != second.tool_use_id
    assert (
        first.tool_use_id
        == read(shell("Output: x\nProcess Group PGID: 5", timestamp="2026-11-20T15:35:41Z")).sightings[0].tool_use_id
    )


def test_advice_behind_an_error_repeats_the_error() -> None:
    seen = read(HOOKS["AfterTool.read_file.error"])
    assert seen.advisable
    assert seen.error == "File not found: /home/dev/repo/nope.py"
    assert orjson.loads(reply("AfterTool", "advice", error=seen.error)) == {
        "decision": "deny",
        "reason": "File not found: /home/dev/repo/nope.py\n\nadvice",
    }
    assert reply("AfterTool", "", error=seen.error) == b"{}", "without advice the client's own error stands"
    error = {"message": "x" * (REPLACEABLE_CHARS + 1), "type": "t"}
    assert not read({**HOOKS["AfterTool.read_file.error"], "tool_response": {"error": error}}).advisable


def test_of_a_failed_mcp_call_the_server_s_own_words_are_learnt_and_the_whole_error_repeated() -> None:
    hook = HOOKS["AfterTool.mcp_toy_boom.error"]
    seen = read(hook)
    assert seen.sightings[0].error == "BOOM failed"
    assert seen.error == hook["tool_response"]["error"]["message"]


def wrapped(call: object, response: object) -> str:
    both = (json.dumps(one, separators=(",", ":")) for one in (call, response))
    return "MCP tool 'x' reported tool error for function call: " + " with response: ".join(both)


def said(*texts: str) -> list[object]:
    content = [{"type": "text", "text": text} for text in texts]
    return [{"functionResponse": {"name": "x", "response": {"content": content, "isError": True}}}]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (wrapped({"args": {"q": "a with response: [1]"}}, said("no", "such")), "no\nsuch"),
        *((other, other) for other in ("File not found", wrapped({}, said()), wrapped({}, 3), wrapped({}, [1]))),
        *((cut, cut) for cut in (wrapped({}, said("no"))[:-1], wrapped({}, said("no"))[:70])),
    ],
)
def test_what_an_mcp_server_said_is_found_past_the_call(message: str, words: str) -> None:
    assert server_said(message) == words


def test_nothing_is_said_before_a_call_for_nobody_would_read_it() -> None:
    assert not read(HOOKS["BeforeTool.run_shell_command"]).advisable


def test_a_reply_has_the_client_s_own_event() -> None:
    assert orjson.loads(reply("BeforeAgent", "advice")) == {
        "hookSpecificOutput": {"hookEventName": "BeforeAgent", "additionalContext": "advice"}
    }


@given(
    st.dictionaries(
        st.sampled_from([*HOOKS["AfterTool.mcp_toy_boom.error"], "prompt"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=30),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        ),
    )
)
def test_whatever_stands_in_a_hook_it_is_read_or_unusable(changed: dict[str, object]) -> None:
    for name in ("AfterTool.mcp_toy_boom.error", "BeforeAgent"):
        with contextlib.suppress(Unusable):
            read({**HOOKS[name], **changed})
