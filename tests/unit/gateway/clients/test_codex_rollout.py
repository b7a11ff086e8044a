"""A rollout of the real client as hooks, and what damaged ones become."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.codex.adapter import read
from gateway.clients.codex.recording import is_rollout, read_rollout
from gateway.clients.json_lines import Problem
from spark.moment.v1 import moment_pb2 as m
from tests.unit.gateway.clients.odd_times import ODD_TIMES

SAMPLE = Path(__file__).parent / "samples" / "codex-rollout.jsonl"
LINES = SAMPLE.read_bytes().splitlines(keepends=True)


def meta(**fields: object) -> bytes:
    payload = {"session_id": "s-1", "id": "s-1", "cwd": "/home/dev/repo", **fields}
    return orjson.dumps({"timestamp": "2026-11-28T22:30:24Z", "type": "session_meta", "payload": payload}) + b"\n"


def hooks(path: Path, *lines: bytes) -> tuple[list[dict[str, object]], list[Problem]]:
    path.write_bytes(b"".join(lines))
    problems: list[Problem] = []
    return [hook.payload for hook in read_rollout(path, problems)], problems


def test_a_rollout_is_the_hooks_that_were_called(tmp_path: Path) -> None:
    told, problems = hooks(tmp_path / "rollout-1.jsonl", meta(), *LINES)
    assert problems == []
    seen = [one for payload in told for one in read(payload).sightings]
    assert [(one.kind, one.tool) for one in seen] == [
        (m.MOMENT_KIND_SESSION_STARTED, ""),
        (m.MOMENT_KIND_PROMPT_SUBMITTED, ""),
        (m.MOMENT_KIND_CALL_FAILED, "Bash"),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "Bash"),
        (m.MOMENT_KIND_CALL_FAILED, "mcp__toy__boom"),
        (m.MOMENT_KIND_CALL_FAILED, "Edit"),
        (m.MOMENT_KIND_CALL_SUCCEEDED, "Edit"),
    ]
    assert seen[2].tool_input["command"] == "python3 -c 'import calc; assert calc.add(2,3)==5'"
    assert seen[2].error.startswith("Exit code 1\nTraceback")
    assert seen[2].tool_use_id == "call_003bbddc7a54bb5", "the id that it had live"
    assert {payload["session_id"] for payload in told} == {"s-1"}


def test_a_sub_agent_is_told_from_its_parent(tmp_path: Path) -> None:
    told, _ = hooks(tmp_path / "rollout-2.jsonl", meta(id="child-1"), *LINES)
    assert {payload["agent_id"] for payload in told} == {"child-1"}
    assert "SessionStart" not in {payload["hook_event_name"] for payload in told}


def test_nothing_is_told_of_a_session_that_nobody_names(tmp_path: Path) -> None:
    told, _ = hooks(tmp_path / "rollout-3.jsonl", *LINES)
    assert told == []


def test_lines_without_a_time_are_problems(tmp_path: Path) -> None:
    told, problems = hooks(tmp_path / "rollout-4.jsonl", meta(), b'{"type": "event_msg"}\n', b"not JSON\n", LINES[2])
    assert [payload["hook_event_name"] for payload in told] == ["SessionStart", "PostToolUse"]
    assert Counter(problem.line for problem in problems) == {2: 1, 3: 1}


@pytest.mark.parametrize("odd", [*ODD_TIMES, float("nan"), "2026-11-28T22:30:25"])
def test_an_odd_time_costs_its_own_line_only(tmp_path: Path, odd: object) -> None:
    path, problems = tmp_path / "rollout-6.jsonl", list[Problem]()
    path.write_bytes(meta() + json.dumps({"type": "turn_context", "timestamp": odd}).encode() + b"\n" + LINES[2])
    told = list(read_rollout(path, problems))
    assert [hook.payload["hook_event_name"] for hook in told] == ["SessionStart", "PostToolUse"]
    assert {hook.occurred_at.year for hook in told} == {2026}
    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize("name", ["rollout-2026.jsonl", "rollout-2026.jsonl.gz"])
def test_rollouts_are_known_by_their_names(name: str) -> None:
    assert is_rollout(Path("/x", name))
    assert not is_rollout(Path("/x", f"a-{name}"))


@given(st.lists(st.sampled_from(LINES) | st.binary(max_size=60), max_size=8), st.integers(0, 400))
def test_whatever_is_torn_the_rest_is_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], cut: int
) -> None:
    path = tmp_path_factory.mktemp("rollouts") / "rollout-5.jsonl"
    for payload in hooks(path, meta(), *lines, LINES[2][:cut])[0]:
        read(payload)
