"""A chat of the real client as hooks, and what damaged ones become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.gemini.adapter import read
from gateway.clients.gemini.chat import SHELL, is_chat, read_chat
from gateway.clients.json_lines import Problem
from gateway.clients.recorded import RecordedHook
from gateway.sightings import Sighting
from spark.moment.v1 import moment_pb2 as m
from tests.unit.gateway.clients.odd_times import ODD_TIMES

SAMPLES = Path(__file__).parent / "samples"
LINES = (SAMPLES / "gemini-chat.jsonl").read_bytes().splitlines(keepends=True)
SESSION = "5c238f05-60ce-40b0-acab-e36d4b7d43f9"
NAME = "session-2026-11-29T02-43-5c238f05.jsonl"
FOLDER = "/home/dev/repo"
AT = "2026-11-29T02:43:10.000Z"


def hooks(path: Path, *lines: bytes, folder: str = FOLDER) -> tuple[list[RecordedHook], list[Problem]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines))
    problems: list[Problem] = []
    return list(read_chat(path, problems, folder)), problems


def seen(told: list[RecordedHook]) -> list[Sighting]:
    return [one for hook in told for one in read(hook.payload).sightings]


def line(**fields: object) -> bytes:
    return orjson.dumps(fields) + b"\n"


def meta(**fields: object) -> bytes:
    begun = {"sessionId": SESSION, "projectHash": sha256(FOLDER.encode()).hexdigest(), "startTime": AT, "kind": "main"}
    return line(**{**begun, **fields})


def call(call_id: str = "c1", *, status: str = "success", **more: Any) -> dict[str, Any]:
    response = more.pop("response", {"output": "<untrusted_context>\nOutput: x\n</untrusted_context>"})
    result = [{"functionResponse": {"id": call_id, "name": SHELL, "response": response}}]
    made = {"id": call_id, "name": SHELL, "args": {"command": "make"}, "status": status, "timestamp": AT}
    return {**made, "result": result, **more}


def model(*calls: Mapping[str, object], **fields: object) -> bytes:
    said = {"id": "g1", "timestamp": AT, "type": "gemini", "content": "", "toolCalls": list(calls)}
    return line(**{**said, **fields})


def user(*texts: str, **fields: object) -> bytes:
    said = {"id": "u1", "timestamp": AT, "type": "user", "content": [{"text": text} for text in texts]}
    return line(**{**said, **fields})


def test_a_chat_is_the_hooks_that_were_called_and_what_no_hook_told(tmp_path: Path) -> None:
    told, problems = hooks(tmp_path / NAME, *LINES)
    assert problems == []
    assert [(one.kind, one.tool) for one in seen(told)] == [
        (m.MOMENT_KIND_SESSION_STARTED, ""),
        (m.MOMENT_KIND_PROMPT_SUBMITTED, ""),
        (m.MOMENT_KIND_CALL_FAILED, "Bash"),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "Bash"),
        (m.MOMENT_KIND_CALL_FAILED, "Read"),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "Read"),
        (m.MOMENT_KIND_CALL_FAILED, "Edit"),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "Edit"),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "Task"),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "mcp__my_srv__do_it"),
        (m.MOMENT_KIND_CALL_FAILED, "mcp__my_srv__do_it"),
        (m.MOMENT_KIND_CALL_REJECTED, "Bash"),
        (m.MOMENT_KIND_PROMPT_SUBMITTED, ""),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "Bash"),
    ]
    assert {(hook.payload["session_id"], hook.payload["cwd"]) for hook in told} == {(SESSION, FOLDER)}


def test_a_call_has_the_chat_s_own_id_and_its_error(tmp_path: Path) -> None:
    ran = seen(hooks(tmp_path / NAME, *LINES)[0])[2]
    assert ran.tool_use_id == ran.key == "run_shell_command__call_212ba48141c345a3addb466a02f782f7"
    assert ran.tool_input["command"] == "echo bad-out; exit 3"
    assert ran.error == "Exit code 3\nbad-out"


def test_what_hooks_said_is_neither_prompt_nor_output(tmp_path: Path) -> None:
    told, _ = hooks(tmp_path / NAME, *LINES)
    assert [one.prompt for one in seen(told) if one.prompt] == ["Do the first thing.", "Do the second."]
    printed = "<untrusted_context>\nOutput: no\nExit Code: 2\n</untrusted_context>"
    advised = call(response={"output": f"{printed}\n\n<hook_context>ADVICE</hook_context>"})
    told, _ = hooks(tmp_path / NAME, meta(), model(advised))
    assert seen(told)[-1].error == "Exit code 2\nno"


def test_a_moment_spans_the_time_in_which_its_hook_came(tmp_path: Path) -> None:
    ran = hooks(tmp_path / NAME, *LINES)[0][2]
    # The hook of this very call had 02:43:10.671.
    assert ran.began_at == datetime(2026, 11, 29, 2, 43, 10, 557_000, UTC)
    assert ran.occurred_at == datetime(2026, 11, 29, 2, 43, 10, 696_000, UTC)


def test_times_of_one_chat_never_fall(tmp_path: Path) -> None:
    times = [hook.occurred_at for hook in hooks(tmp_path / NAME, *LINES)[0]]
    assert times == sorted(times)


@pytest.mark.parametrize("odd", [*ODD_TIMES, "2026-11-29T02:43:10"])
def test_an_odd_time_costs_its_own_line_only(tmp_path: Path, odd: object) -> None:
    told, problems = hooks(tmp_path / NAME, meta(), user("first", timestamp=odd), user("second", id="u2"))
    assert [hook.payload.get("prompt") for hook in told] == [None, "second"]
    assert {hook.occurred_at for hook in told} == {datetime(2026, 11, 29, 2, 43, 10, tzinfo=UTC)}
    assert [problem.line for problem in problems] == [2]


def test_a_sub_agent_is_told_from_its_parent_and_types_nothing(tmp_path: Path) -> None:
    path = tmp_path / "chats" / SESSION / "8ba83e11-b36a-40ca-8924-f79e5f2537b1.jsonl"
    told, problems = hooks(path, (SAMPLES / "gemini-agent-chat.jsonl").read_bytes())
    assert problems == []
    assert {read(hook.payload).session_id for hook in told} == {SESSION}
    assert {read(hook.payload).agent_id for hook in told} == {"8ba83e11-b36a-40ca-8924-f79e5f2537b1"}
    assert {one.kind for one in seen(told)} == {m.MOMENT_KIND_CALL_FAILED}


def test_what_a_call_printed_that_went_well_does_not_travel(tmp_path: Path) -> None:
    told, _ = hooks(tmp_path / NAME, *LINES)
    carried = b"".join(orjson.dumps(hook.payload) for hook in told if read(hook.payload).event == "AfterTool")
    for printed in (b"Output: fine", b'"fine"', b"mcp ok", b"Successfully modified", b"finished."):
        assert printed not in carried


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("error", 'Tool "run_shell_command" not found. Did you mean one of: "glob"?'),
        ("error", "Tool execution denied by policy."),
        ("error", 'Tool execution for "Shell" denied by policy.'),
        ("cancelled", "[Operation Cancelled] User cancelled tool execution."),
        ("cancelled", "[Operation Cancelled] Reason: User cancelled operation"),
        ("executing", ""),
    ],
)
def test_what_says_nothing_about_the_project_is_left_out(tmp_path: Path, status: str, error: str) -> None:
    told, problems = hooks(tmp_path / NAME, meta(), model(call(status=status, response={"error": error})))
    assert [hook.payload["hook_event_name"] for hook in told] == ["SessionStart"]
    assert problems == []


@pytest.mark.parametrize("reason", ["User denied execution.", "User did not allow tool call"])
def test_what_the_user_refused_is_told(tmp_path: Path, reason: str) -> None:
    refused = call(status="cancelled", response={"error": f"[Operation Cancelled] Reason: {reason}"})
    told, _ = hooks(tmp_path / NAME, meta(), model(refused))
    assert seen(told)[-1].kind == m.MOMENT_KIND_CALL_REJECTED


def test_a_call_is_told_once_as_it_first_came_back(tmp_path: Path) -> None:
    masked = call(response={"output": "[masked]\nExit Code: 9"})
    told, _ = hooks(tmp_path / NAME, meta(), model(), model(call()), model(call(), call("c2")), model(masked))
    assert [(one.tool_use_id, one.kind) for one in seen(told)[1:]] == [
        ("c1", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("c2", m.MOMENT_KIND_CALL_SUCCEEDED),
    ]


def test_the_result_of_a_call_is_found_among_its_neighbours(tmp_path: Path) -> None:
    failed = {"id": "c1", "response": {"output": "<untrusted_context>\nOutput: no\nExit Code: 2\n</untrusted_context>"}}
    result = [{"functionResponse": {"id": "c0", "response": {"output": "fine"}}}, {"functionResponse": failed}]
    told, _ = hooks(tmp_path / NAME, meta(), model(call(result=result)))
    assert seen(told)[-1].error == "Exit code 2\nno"


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        (user("Fix the build."), "Fix the build."),
        (user("x", displayContent="Fix @a.py"), "Fix @a.py"),
        (user("Fix @a.py", "\n--- Content from referenced files ---", "\nContent from @a.py:\n", "1"), "Fix @a.py"),
        (user("<hook_context>A</hook_context>\n\nFix it.", "<hook_context>B</hook_context>"), "Fix it."),
        (user("<session_context>\nThis is the Gemini CLI."), None),
        (user("/stats"), None),
        (user(), None),
        (line(id="u", timestamp=AT, type="user", content="Fix it."), "Fix it."),
        (line(id="u", timestamp=AT, type="info", content="Request cancelled."), None),
    ],
)
def test_a_prompt_is_what_the_user_typed(tmp_path: Path, written: bytes, typed: str | None) -> None:
    told, _ = hooks(tmp_path / NAME, meta(), written)
    assert [one.prompt for one in seen(told)[1:]] == ([] if typed is None else [typed])


@pytest.mark.parametrize("indent", [0, orjson.OPT_INDENT_2])
def test_a_chat_of_older_clients_is_one_document(tmp_path: Path, indent: int) -> None:
    messages = [orjson.loads(user("Fix the build.")), orjson.loads(model(call()))]
    whole = orjson.dumps({**orjson.loads(meta()), "messages": messages}, option=indent)
    told, problems = hooks(tmp_path / NAME.removesuffix("l"), whole)
    assert problems == []
    assert [hook.payload["hook_event_name"] for hook in told] == ["SessionStart", "BeforeAgent", "AfterTool"]
    _, problems = hooks(tmp_path / NAME.removesuffix("l"), b'{\n  "sessionId": "s",\n  "mess')
    assert [problem.line for problem in problems] == [3, 0]


def test_damage_is_named_by_its_line_and_costs_nothing_else(tmp_path: Path) -> None:
    bad_time, nameless = model(call("c3"), timestamp="soon"), model(call("", status="success"), call("c4"))
    told, problems = hooks(
        tmp_path / NAME, meta(), model(call()), b"not JSON\n", b"[1]\n", bad_time, nameless, model(call("c5"))[:40]
    )
    assert [one.tool_use_id for one in seen(told)[1:]] == ["c1", "c4"]
    assert [problem.line for problem in problems] == [3, 4, 5, 6, 7]


def test_a_chat_that_does_not_say_whose_it_is_is_a_problem(tmp_path: Path) -> None:
    told, problems = hooks(tmp_path / NAME, model(call()))
    assert told == []
    assert [(problem.line, problem.reason) for problem in problems] == [(0, "does not say whose session it is")]


def test_chats_are_known_by_name_place_and_beginning(tmp_path: Path) -> None:
    for name in (NAME, f"{NAME}.gz", NAME.removesuffix("l")):
        assert is_chat(Path("/x", name))
    assert not is_chat(Path("/x/chats/logs.json"))
    agent = tmp_path / "chats" / SESSION / "a.jsonl"
    agent.parent.mkdir(parents=True)
    agent.write_bytes(meta(kind="subagent"))
    assert is_chat(agent)
    agent.write_bytes(line(type="user", sessionId="a transcript of Claude Code"))
    assert not is_chat(agent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=12) | st.just(AT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KNOWN = st.sampled_from(
    [
        *("id", "type", "timestamp", "content", "displayContent", "toolCalls", "messages", "sessionId", "projectHash"),
        *("kind", "startTime", "name", "args", "status", "result", "functionResponse", "response", "output", "error"),
        "displayName",
    ]
)


@given(st.dictionaries(KNOWN, JSON, max_size=8), st.dictionaries(KNOWN, JSON, max_size=8), st.booleans())
def test_no_json_is_too_odd(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any], of_call: dict[str, Any], legacy: bool
) -> None:
    path = tmp_path_factory.mktemp("chats") / (NAME.removesuffix("l") if legacy else NAME)
    odd = {**orjson.loads(model({**call(), **of_call})), **fields}
    record = line(**orjson.loads(meta()), messages=[odd]) if legacy else meta() + line(**odd) + line(**fields)
    for hook in hooks(path, record, folder="")[0]:
        assert hook.payload["session_id"]


@given(st.lists(st.sampled_from(LINES) | st.binary(max_size=60), max_size=8), st.integers(0, 400))
def test_whatever_is_torn_the_rest_is_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], cut: int
) -> None:
    path = tmp_path_factory.mktemp("chats") / NAME
    told, _ = hooks(path, meta(), *lines, b"\n", model(call("last")), LINES[6][:cut])
    assert "last" in {one.tool_use_id for one in seen(told)}
