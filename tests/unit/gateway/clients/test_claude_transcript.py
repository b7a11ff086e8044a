"""A transcript must come back as the hook calls of its session, whatever state the file is in."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.claude_code.transcript import find_transcripts, read_transcript
from gateway.clients.json_lines import Problem
from gateway.clients.recorded import RecordedHook
from tests.unit.gateway.clients.odd_times import ODD_TIMES

SESSION = "11111111-2222-3333-4444-555555555555"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the "
    "new_string was NOT written to the file). To tell you how to proceed, the user said:\nuse the Makefile"
)


def record(kind: str, number: int, content: object, **more: object) -> dict[str, Any]:
    moment = (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    return {
        "type": kind,
        "uuid": f"uuid-{number}",
        "sessionId": SESSION,
        "cwd": "/home/dev/repo",
        "isSidechain": False,
        "timestamp": moment,
        "message": {"role": kind, "content": content},
        **more,
    }


def call(number: int, name: str, arguments: dict[str, Any], **more: object) -> dict[str, Any]:
    block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}
    return record("assistant", number, [{"type": "text", "text": "now"}, block], **more)


def result(number: int, of: int, text: object, *, error: bool = False, **more: object) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": f"toolu_{of}", "content": text, "is_error": error}
    return record("user", number, [block], **more)


def read(path: Path, problems: list[Problem] | None = None, seen: set[int] | None = None) -> list[RecordedHook]:
    found: list[Problem] = [] if problems is None else problems
    hooks = list(read_transcript(path, found, seen))
    if problems is None:
        assert found == []
    return hooks


def write(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    data = b"".join(json.dumps(item).encode() + b"\n" for item in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def names(hooks: list[RecordedHook]) -> list[object]:
    return [hook.payload["hook_event_name"] for hook in hooks]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_session_is_told_as_its_hooks_told_it(tmp_path: Path, suffix: str) -> None:
    command = {"command": "pytest"}
    detail: dict[str, Any] = {"stdout": "1 passed", "stderr": "", "interrupted": False}
    path = write(
        tmp_path / f"{SESSION}{suffix}",
        [
            {"type": "summary", "summary": "s", "leafUuid": "x"},
            record("user", 0, "fix the tests", promptId="prompt-1", permissionMode="plan"),
            call(1, "Bash", command),
            result(2, 1, "Exit code 1\nboom", error=True, toolUseResult="Error: Exit code 1\nboom"),
            call(3, "Bash", command),
            result(4, 3, "1 passed", toolUseResult=detail),
        ],
    )
    hooks = read(path)
    common = {"session_id": SESSION, "transcript_path": str(path), "cwd": "/home/dev/repo"}
    prompt = {**common, "prompt_id": "prompt-1", "permission_mode": "plan"}
    first = {"tool_name": "Bash", "tool_input": command, "tool_use_id": "toolu_1"}
    second = {**first, "tool_use_id": "toolu_3"}
    failure = {"hook_event_name": "PostToolUseFailure", "error": "Exit code 1\nboom", "is_interrupt": False}
    assert [hook.payload for hook in hooks] == [
        {**common, "hook_event_name": "SessionStart", "source": "startup"},
        {**prompt, "hook_event_name": "UserPromptSubmit", "prompt": "fix the tests"},
        {**prompt, "hook_event_name": "PreToolUse", **first},
        {**prompt, **failure, **first},
        {**prompt, "hook_event_name": "PreToolUse", **second},
        {**prompt, "hook_event_name": "PostToolUse", **second, "tool_response": detail},
        {**common, "prompt_id": "prompt-1", "hook_event_name": "SessionEnd", "reason": "other"},
    ]
    seconds = [(hook.occurred_at - START).total_seconds() for hook in hooks]
    assert seconds == [0, 0, 1, 2, 3, 4, 4]
    assert all(hook.occurred_at.tzinfo is UTC for hook in hooks)


@pytest.mark.parametrize(
    ("content", "more", "prompt"),
    [
        ("do it", {}, "do it"),
        ([{"type": "text", "text": "do"}, {"type": "image"}, {"type": "text", "text": "it"}], {}, "do\nit"),
        ([{"type": "text", "text": "<ide_selection>x</ide_selection>"}, {"type": "text", "text": "this"}], {}, "this"),
        ("do it<system-reminder>\nSpark: earlier advice</system-reminder>", {}, "do it"),
        ("<system-reminder>only advice", {}, None),
        ("do it", {"isMeta": True}, None),
        ("do it", {"isSidechain": True, "agentId": "a1"}, None),
        ("This session is being continued", {"isCompactSummary": True}, None),
        ("<task-notification>\n<task-id>a</task-id>", {}, None),
        ("<command-name>/clear</command-name>", {}, None),
        ("<command-message>x</command-message>\n<command-name>/x</command-name>", {}, None),
        ("<local-command-stdout>out</local-command-stdout>", {}, None),
        ("[Request interrupted by user for tool use]", {}, None),
        ("  \n", {}, None),
        (None, {}, None),
        (7, {}, None),
    ],
)
def test_only_what_a_user_typed_is_a_prompt(
    tmp_path: Path, content: object, more: dict[str, Any], prompt: str | None
) -> None:
    hooks = read(write(tmp_path / "s.jsonl", [record("user", 0, content, **more)]))
    typed = [hook.payload for hook in hooks if hook.payload["hook_event_name"] == "UserPromptSubmit"]
    assert [payload["prompt"] for payload in typed] == ([] if prompt is None else [prompt])
    assert [payload["prompt_id"] for payload in typed] == ["uuid-0"] * len(typed)


def test_words_typed_beside_a_result_are_a_prompt_after_it(tmp_path: Path) -> None:
    both = result(2, 1, "ok")
    both["message"]["content"].append({"type": "text", "text": "and lint it"})
    hooks = read(write(tmp_path / "s.jsonl", [call(1, "Bash", {}), both]))
    assert names(hooks) == ["SessionStart", "PreToolUse", "PostToolUse", "UserPromptSubmit", "SessionEnd"]


@pytest.mark.parametrize(
    ("text", "detail", "expected"),
    [
        ("<tool_use_error>File does not exist.</tool_use_error>", None, {"error": "File does not exist."}),
        ("[Request interrupted by user for tool use]", None, {"is_interrupt": True}),
        ("Exit code 137\n[Request interrupted by user for tool use]\n...", None, {"is_interrupt": True}),
        ("Exit code 1\nlog: [Request interrupted by user]", None, {"is_interrupt": False}),
        ("partial", {"stdout": "partial", "interrupted": True}, {"is_interrupt": True, "error": "partial"}),
        (
            "Exit code 2<system-reminder>PostToolUseFailure:Bash hook additional context: run make</system-reminder>",
            None,
            {"error": "Exit code 2"},
        ),
    ],
)
def test_failures_carry_the_text_that_a_live_hook_carries(
    tmp_path: Path, text: str, detail: object, expected: dict[str, object]
) -> None:
    answer = result(2, 1, text, error=True, toolUseResult=detail)
    (failure,) = read(write(tmp_path / "s.jsonl", [call(1, "Bash", {}), answer]))[2:-1]
    assert failure.payload["hook_event_name"] == "PostToolUseFailure"
    assert failure.payload | expected == failure.payload


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (REJECTED, REJECTED),
        ("Permission to use Bash with command a\nb has been denied.", None),
        ("Permission for this tool use was denied. The tool use was rejected.", None),
        ("<tool_use_error>Sibling tool call errored</tool_use_error>", "Sibling tool call errored"),
        ("Cancelled: parallel tool call Bash(x) errored", None),
    ],
)
def test_a_call_that_never_ran_shows_in_its_batch_alone(tmp_path: Path, text: str, seen: str | None) -> None:
    records = [call(1, "Bash", {"command": "rm x"}), result(2, 1, text, error=True)]
    (batch,) = read(write(tmp_path / "s.jsonl", records))[2:-1]
    assert batch.payload["hook_event_name"] == "PostToolBatch"
    (only,) = batch.payload["tool_calls"]  # pyright: ignore
    assert only["tool_use_id"] == "toolu_1"
    assert only["tool_input"] == {"command": "rm x"}
    assert only["tool_response"] == (seen or text)


def test_injected_text_is_taken_out_of_results_at_any_depth(tmp_path: Path) -> None:
    advice = "ok <system-reminder>\nSpark says run make\n</system-reminder>\nend"
    nested = {"stdout": advice, "parts": [{"text": advice}], "n": 1}
    (use,) = read(write(tmp_path / "s.jsonl", [call(1, "X", {}), result(2, 1, advice, toolUseResult=nested)]))[2:-1]
    assert use.payload["tool_response"] == {"stdout": "ok end", "parts": [{"text": "ok end"}], "n": 1}
    blocks = [{"type": "text", "text": "a"}, {"type": "text", "text": advice}]
    (use,) = read(write(tmp_path / "s.jsonl", [call(1, "X", {}), result(2, 1, blocks)]))[2:-1]
    assert use.payload["tool_response"] == "a\nok end"


def test_a_sub_agents_calls_carry_its_id_and_its_parents_session(tmp_path: Path) -> None:
    side: dict[str, Any] = {"isSidechain": True, "agentId": "a1"}
    path = tmp_path / SESSION / "subagents" / "agent-a1.jsonl"
    records = [
        record("user", 0, "the task", **side),
        call(1, "Bash", {}, attributionAgent="Explore", **side),
        result(2, 1, "ok", **side),
    ]
    hooks = read(write(path, records))
    assert names(hooks) == ["PreToolUse", "PostToolUse"]
    for hook in hooks:
        assert (hook.payload["agent_id"], hook.payload["agent_type"]) == ("a1", "Explore")
        assert hook.payload["session_id"] == SESSION
        assert hook.payload["transcript_path"] == str(tmp_path / f"{SESSION}.jsonl")


def test_sub_agents_of_older_clients_are_found_inside_their_parents_file(tmp_path: Path) -> None:
    def wrapped(number: int, inner: dict[str, Any]) -> dict[str, Any]:
        data = {"type": "agent_progress", "agentId": "a1", "prompt": "task", "message": inner}
        return {**record("progress", number, None), "uuid": f"outer-{number}", "data": data}

    inner = [{"type": "assistant", "uuid": "i1", "message": call(1, "Bash", {})["message"]}]
    inner.append({"type": "user", "uuid": "i2", "message": result(2, 1, "no", error=True)["message"]})
    task = {"type": "user", "uuid": "i0", "message": {"content": "the task"}}
    records = [record("user", 0, "go"), *(wrapped(n, item) for n, item in enumerate([task, *inner], 1))]
    hooks = read(write(tmp_path / "s.jsonl", records))
    assert names(hooks)[2:-1] == ["PreToolUse", "PostToolUseFailure"]
    assert {hook.payload["agent_id"] for hook in hooks[2:-1]} == {"a1"}
    assert {hook.payload["cwd"] for hook in hooks} == {"/home/dev/repo"}


def test_repeated_records_count_once_in_a_file_and_across_files(tmp_path: Path) -> None:
    first = [record("user", 0, "go"), call(1, "Bash", {})]
    seen: set[int] = set()
    assert names(read(write(tmp_path / "a.jsonl", first * 2), None, seen)) == [
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "SessionEnd",
    ]
    resumed = [{**item, "sessionId": "other"} for item in [*first, result(2, 1, "ok"), record("user", 3, "more")]]
    hooks = read(write(tmp_path / "b.jsonl", resumed), None, seen)
    assert names(hooks) == ["SessionStart", "PostToolUse", "UserPromptSubmit", "SessionEnd"]
    assert read(write(tmp_path / "c.jsonl", resumed), None, seen) == []


def test_two_sessions_in_one_file_each_start_and_end_once(tmp_path: Path) -> None:
    records = [{**record("user", n, f"p{n}"), "sessionId": "ab"[n % 2]} for n in range(6)]
    hooks = read(write(tmp_path / "s.jsonl", records))
    assert names(hooks).count("SessionStart") == names(hooks).count("SessionEnd") == 2
    assert {hook.payload["session_id"] for hook in hooks[-2:]} == {"a", "b"}


def test_times_never_fall(tmp_path: Path) -> None:
    records = [record("user", number, f"p{number}") for number in (5, 3, 7)]
    records += [{**record("user", 1, "no time"), "timestamp": "yesterday", "uuid": "u"}]
    hooks = read(write(tmp_path / "s.jsonl", records))
    assert [(hook.occurred_at - START).seconds for hook in hooks] == [5, 5, 5, 7, 7, 7]


@pytest.mark.parametrize("odd", ODD_TIMES)
def test_an_odd_time_changes_no_other(tmp_path: Path, odd: object) -> None:
    first, other, last = (record("user", number, f"p{number}") for number in (1, 2, 3))
    hooks = read(write(tmp_path / "s.jsonl", [first, {**other, "timestamp": odd}, last]))
    assert [(hook.occurred_at - START).total_seconds() for hook in hooks] == [1, 1, 1, 3, 3]


def test_damage_costs_the_damaged_lines_only(tmp_path: Path) -> None:
    def line(number: int) -> bytes:
        return json.dumps(record("user", number, f"p{number}")).encode()

    deep = b'{"type": "user", "message": ' + b"[" * 500 + b"]" * 500 + b"}"
    path = tmp_path / "s.jsonl"
    path.write_bytes(
        b"\n".join(
            [
                line(0) + line(1),  # two glued together
                b"\0\0" + line(2) + b"\0",
                line(3).replace(b"p3", b"p3\xff"),
                line(4).replace(b"p4", b"p4\\ud800"),
                line(5).replace(b"p5", b"p5\0"),
                b"[1, 2]",
                deep,
                b"",
                b"not json" + line(6),
                json.dumps(result(7, 99, "no call")).encode(),
                json.dumps(record("assistant", 8, [{"type": "tool_use", "id": "t"}])).encode(),
                line(9)[:-30],
            ]
        )
    )
    problems: list[Problem] = []
    hooks = read(path, problems)
    prompts = [hook.payload["prompt"] for hook in hooks if "prompt" in hook.payload]
    assert prompts == ["p0", "p1", "p2", "p3�", "p4?", "p5\0"]
    assert [problem.line for problem in problems] == [6, 7, 9, 10, 11, 12]
    assert all(problem.path == path and problem.reason for problem in problems)


def test_a_cut_archive_gives_what_came_before_the_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl.gz", [record("user", n, f"p{n}" + str(hash(n)) * 50) for n in range(2000)])
    path.write_bytes(path.read_bytes()[:-2000])
    problems: list[Problem] = []
    hooks = read(path, problems)
    assert 1 < names(hooks).count("UserPromptSubmit") < 2000
    assert names(hooks)[-1] == "SessionEnd"
    assert len(problems) >= 1


@pytest.mark.parametrize("content", [b"", b"no json\n", b'{"a": 1}\n'])
def test_a_file_of_something_else_is_reported(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    problems: list[Problem] = []
    assert read(path, problems) == []
    assert problems[-1] == Problem(path, 0, "holds no record of Claude Code")


_leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_json: st.SearchStrategy[Any] = st.recursive(
    _leaf, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6
)
_nothing: dict[str, Any] = {}
_block = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "tool_use", "tool_result"]) | _json,
        "id": st.just("t") | _json,
        "tool_use_id": st.just("t") | _json,
        "name": st.just("Bash") | _json,
        "input": st.just(_nothing) | _json,
        "text": _json,
        "content": _json,
        "is_error": st.booleans() | _json,
    },
)
_message = st.fixed_dictionaries({}, optional={"content": st.lists(_block | _json, max_size=3) | _json}) | _json
_timestamps = st.datetimes().map(datetime.isoformat) | st.just("0001-01-01T00:00:00+14:00") | _json
_record = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["user", "assistant", "progress", "system"]) | _json,
        "message": _message,
        "data": st.fixed_dictionaries({"type": st.just("agent_progress"), "message": _json}) | _json,
        "timestamp": _timestamps,
        "uuid": _json,
        "sessionId": _json,
        "cwd": _json,
        "isSidechain": st.booleans() | _json,
        "toolUseResult": _json,
    },
)
_lines = st.lists(st.binary() | (_record | _json).map(lambda value: json.dumps(value).encode()), max_size=6)


@given(lines=_lines, glue=st.sampled_from([b"\n", b"", b"\0", b"\r\n"]))
def test_no_line_raises_and_every_payload_can_be_sent(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], glue: bytes
) -> None:
    path = tmp_path_factory.mktemp("t") / "s.jsonl"
    path.write_bytes(glue.join(lines))
    hooks = read(path, [])
    times = [hook.occurred_at for hook in hooks]
    assert times == sorted(times)
    for hook in hooks:
        payload = orjson.loads(orjson.dumps(hook.payload))
        assert payload["session_id"]
        assert payload["hook_event_name"]


def test_transcripts_are_found_once_and_in_order(tmp_path: Path) -> None:
    main = write(tmp_path / "projects" / "p" / "a.jsonl", [])
    agent = write(tmp_path / "projects" / "p" / "a" / "subagents" / "agent-x.jsonl", [])
    packed = write(tmp_path / "projects" / "q" / "b.jsonl.gz", [])
    notes = write(tmp_path / "projects" / "p" / "notes.txt", [])
    gone = tmp_path / "gone.jsonl"
    problems: list[Problem] = []
    found = find_transcripts([tmp_path / "projects", main, notes, gone], problems)
    assert found == sorted([main, agent, packed])
    assert {problem.path for problem in problems} == {notes, gone}
