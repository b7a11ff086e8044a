"""Flat tables of recorded runs as hooks: what comes back how, in which order, and what damage does."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.recordings.cut_json import object_from
from host.recordings.library import opened
from host.recordings.replay import in_order
from host.recordings.table_rows import Damaged, call_row

LATER = "2026-03-02T09:{:02}:00Z"


def row(index: int, **fields: Any) -> dict[str, Any]:
    """A row of a table of calls."""
    common = {"dataset": "theirs", "session": "one", "idx": index, "ts": LATER.format(index), "tool": "Bash"}
    worked = {"target": "ls", "input": '{"command": "ls"}', "outcome": "ok", "error_class": "", "error": ""}
    return {**common, **worked, "subagent": False, "prompt_idx": 1, **fields}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def hooks(path: Path) -> list[dict[str, object]]:
    return [hook.payload for hook in in_order(opened([path]).sources)]


def came_back(tmp_path: Path, **fields: Any) -> dict[str, object]:
    """The hook by which one call came back."""
    return hooks(write(tmp_path / "calls.jsonl", [row(0, **fields)]))[2]


@pytest.mark.parametrize(
    ("outcome", "error", "event", "said"),
    [
        ("ok", "", "PostToolUse", ""),
        ("error", "<tool_use_error>No such file.</tool_use_error>", "PostToolUseFailure", "No such file."),
        ("interrupted", "[Request interrupted by user]", "PostToolUseFailure", "[Request interrupted by user]"),
        ("sibling", "<tool_use_error>Sibling tool call errored</tool_use_error>", "PostToolBatch", "Sibling tool"),
        ("rejected", "no thanks", "PostToolBatch", "The user doesn't want to proceed with this tool use."),
    ],
)
def test_a_call_comes_back_as_its_client_would_tell_it(
    tmp_path: Path, outcome: str, error: str, event: str, said: str
) -> None:
    hook = came_back(tmp_path, outcome=outcome, error=error)
    steps = cast("list[dict[str, object]]", hook.get("tool_calls", []))
    told = steps[0]["tool_response"] if steps else hook.get("error", "")

    assert hook["hook_event_name"] == event
    assert str(told).startswith(said)
    assert (hook.get("is_interrupt") is True) is (outcome == "interrupted")


def test_the_bare_command_of_another_agents_shell_becomes_a_call_of_the_shell(tmp_path: Path) -> None:
    hook = came_back(
        tmp_path, tool="bash", input="echo '{\"a\": 1}'", outcome="error", error="<returncode>1</returncode>"
    )

    assert (hook["tool_name"], hook["tool_input"]) == ("Bash", {"command": "echo '{\"a\": 1}'"})
    assert hook["error"] == "<returncode>1</returncode>"


def test_sessions_are_played_by_time_with_their_prompts_and_subagents(tmp_path: Path) -> None:
    """Two sessions overlap. A result comes before the session's next call, and no later than two minutes."""
    write(
        tmp_path / "their_tool_events.jsonl",
        [row(1), row(5, subagent=True), row(2, session="two"), row(3, session="two", prompt_idx=2)],
    )
    prompts = [{"session": "two", "prompt_idx": number, "ts": "", "text": f"prompt {number}"} for number in (1, 2)]
    write(tmp_path / "their_prompts.jsonl", prompts)

    played = list(in_order(opened([tmp_path / "their_tool_events.jsonl"]).sources))
    seen = [
        f"{hook.occurred_at:%M} {hook.payload['session_id']} {hook.payload['hook_event_name']}"
        for hook in played
        if hook.payload["hook_event_name"] not in ("SessionStart", "SessionEnd")
    ]

    assert seen == [
        "01 one PreToolUse",
        "02 two UserPromptSubmit",
        "02 two PreToolUse",
        "03 one PostToolUse",
        "03 two PostToolUse",
        "03 two UserPromptSubmit",
        "03 two PreToolUse",
        "03 two PostToolUse",
        "05 one PreToolUse",
        "05 one PostToolUse",
    ]
    assert [hook.payload.get("agent_id") for hook in played if hook.payload.get("tool_use_id") == "one:5"] == [
        "subagent",
        "subagent",
    ]
    assert {hook.payload["cwd"] for hook in played} == {"/recordings/their"}


def test_sessions_without_times_follow_one_another(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.jsonl", [row(0, ts="", session=name) for name in ("b", "a")] + [row(1, ts="", session="b")]
    )
    played = list(in_order(opened([path]).sources))

    assert [hook.payload["session_id"] for hook in played] == ["b"] * 6 + ["a"] * 4
    calls = [hook.occurred_at for hook in played if hook.payload["hook_event_name"] == "PreToolUse"]
    assert calls[1] - calls[0] == timedelta(seconds=5)
    assert calls[2] > calls[1]


def test_a_folder_may_hold_tables_and_transcripts_and_names_do_not_matter(tmp_path: Path) -> None:
    write(tmp_path / "alpha.jsonl", [row(0, outcome="error", error="x"), row(1)])
    write(tmp_path / "beta.jsonl", [{"session": "one", "fail_idx": 0, "fix_idx": 1}])
    write(tmp_path / "gamma.jsonl", [{"session": "one", "prompt_idx": 1, "text": "go on"}])
    record = {"type": "user", "sessionId": "s", "cwd": "/p", "timestamp": LATER.format(0), "uuid": "u"}
    write(tmp_path / "delta.jsonl", [{**record, "message": {"role": "user", "content": "hello"}}])

    library = opened([tmp_path])
    prompts = [hook.payload.get("prompt") for hook in in_order(library.sources) if "prompt" in hook.payload]

    assert (len(library.tables), library.transcripts, library.problems) == (1, 1, [])
    assert sorted(map(str, prompts)) == ["go on", "hello"]
    assert library.pairs() is None, "the transcript brings none along"


def test_damage_is_told_and_what_is_whole_is_played(tmp_path: Path) -> None:
    text = "".join(
        json.dumps(each) + "\n"
        for each in (
            row(0),
            row(1, tool=7),
            {"session": "one"},
            row(-1),
            row(2, session=""),
            row(3, ts="never", input=[]),
        )
    )
    packed = gzip.compress((text + "{torn\n").encode())
    path = tmp_path / "calls.jsonl.gz"
    path.write_bytes(packed[:-4])
    library = opened([path])

    ids = [hook.payload.get("tool_use_id") for hook in in_order(library.sources)]

    assert [name for name in ids if name] == ["one:0", "one:0", "one:3", "one:3"]
    assert [problem.line for problem in library.problems] == [2, 3, 4, 5, 7, 7]


def test_rows_that_cannot_be_are_told_and_left_out(tmp_path: Path) -> None:
    """An outcome that nothing comes back by, a place taken before, and times that would end the calendar."""
    last, first = "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"
    rows = [row(0), row(1, outcome="exploded"), row(0, input="rm"), row(2, ts=last), row(3, ts=first), row(4)]
    write(tmp_path / "their_tool_events.jsonl", rows)
    prompts = [{"session": "one", "prompt_idx": 1, "ts": last, "text": name} for name in ("said", "said again")]
    write(tmp_path / "their_prompts.jsonl", prompts)
    write(tmp_path / "their_fail_fix_pairs.jsonl", [{"session": "one", "fail_idx": 0, "fix_idx": 2}] * 2)
    library = opened([tmp_path])

    played = [hook for hook in in_order(library.sources) if hook.payload["hook_event_name"] == "PreToolUse"]

    assert [hook.payload["tool_use_id"] for hook in played] == ["one:0", "one:2", "one:3", "one:4"]
    assert [hook.occurred_at.minute for hook in played] == [0, 4, 4, 4], "what has no time takes that of the next"
    assert library.rows()["one:0"].input == '{"command": "ls"}'
    assert [len(prompts) for prompts in library.tables[0].prompts.values()] == [1]
    assert len(library.pairs() or ()) == 1
    found = [(problem.path.name.split("_")[1], problem.line, problem.reason.split()[1]) for problem in library.problems]
    assert found == [
        ("tool", 2, "row"),
        ("tool", 3, "row"),
        ("tool", 4, "time"),
        ("tool", 5, "time"),
        ("prompts.jsonl", 1, "time"),
        ("prompts.jsonl", 2, "row"),
        ("fail", 2, "row"),
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.text(max_size=8), json_values, max_size=5)


@given(objects, st.booleans(), st.data())
def test_an_object_cut_anywhere_keeps_the_members_before_the_cut(
    whole: dict[str, Any], ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps(whole, ensure_ascii=ascii_only)
    found = object_from(text[: data.draw(st.integers(1, len(text)))])

    assert found is not None
    names = list(whole)
    complete = max(0, len(found) - 1)
    assert list(found)[:complete] == names[:complete]
    assert all(found[name] == whole[name] for name in names[:complete])


@given(st.text(max_size=60))
def test_any_text_is_an_object_or_none(text: str) -> None:
    found = object_from(text)

    assert found is None or isinstance(found, dict)


@given(st.dictionaries(st.sampled_from([*row(0), "other"]), json_values))
def test_any_row_is_a_call_or_damaged(fields: dict[str, object]) -> None:
    try:
        made = call_row(fields)
    except Damaged:
        return
    assert made.session
    assert isinstance(made.arguments(), dict)
    assert len(made.id) <= 200
