"""What Codex's hooks show, from payloads of the real client and a rollout that it wrote."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.codex.adapter import read, reply
from gateway.clients.codex.patch import edit_of
from gateway.clients.codex.rollout import exit_code, silent_failures
from gateway.sightings import Unusable
from spark.moment.v1 import moment_pb2 as m

SAMPLES = Path(__file__).parent / "samples"
HOOKS: dict[str, dict[str, Any]] = orjson.loads((SAMPLES / "codex.json").read_bytes())
LINES = (SAMPLES / "codex-rollout.jsonl").read_bytes().splitlines(keepends=True)
FAILED, WORKED = "call_003bbddc7a54bb5", "call_006e1ee48f0efda"
BOOM, PATCH_REFUSED, PATCHED = "call_0097f157e7ffdb6", "call_012ab783a6ce08c", "call_015f12d660c460a"


def rollout(folder: Path, upto: str = "") -> str:
    """The rollout as it stood when a call with this id was on its way, or whole."""
    path = folder / "rollout-2026-11-28T22-30-24.jsonl"
    end = next((place for place, line in enumerate(LINES) if upto.encode() in line), len(LINES)) if upto else len(LINES)
    path.write_bytes(b"".join(LINES[: end + 1]))
    return str(path)


def hook(event: str, path: str, **fields: object) -> dict[str, Any]:
    return {"hook_event_name": event, "session_id": "s", "cwd": "/home/dev/repo", "transcript_path": path, **fields}


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_of_the_client_can_be_read(name: str) -> None:
    seen = read(HOOKS[name])
    assert seen.session_id == HOOKS[name]["session_id"]
    assert seen.agent_id == HOOKS[name].get("agent_id", "")
    for one in seen.sightings:
        assert one.tool != "apply_patch"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SessionStart", m.MOMENT_KIND_SESSION_STARTED),
        ("UserPromptSubmit", m.MOMENT_KIND_PROMPT_SUBMITTED),
        ("PreToolUse.Bash", m.MOMENT_KIND_CALL_PROPOSED),
        ("PostToolUse.apply_patch", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("Stop", m.MOMENT_KIND_TURN_ENDED),
        ("SubagentStart", m.MOMENT_KIND_SUBAGENT_STARTED),
        ("SubagentStop", m.MOMENT_KIND_SUBAGENT_ENDED),
        ("SessionEnd", m.MOMENT_KIND_SESSION_ENDED),
    ],
)
def test_each_event_is_its_moment(name: str, kind: m.MomentKind.ValueType) -> None:
    assert [one.kind for one in read(HOOKS[name]).sightings] == [kind]


def test_a_prompt_of_a_parent_agent_is_no_user_s() -> None:
    assert read(HOOKS["UserPromptSubmit.in_subagent"]).sightings == ()
    hooked = {**HOOKS["UserPromptSubmit"], "prompt": '<hook_prompt hook_run_id="1">Go on</hook_prompt>'}
    assert read(hooked).sightings == ()


@pytest.mark.parametrize(("call_id", "code"), [(FAILED, 1), (WORKED, 0)])
def test_how_a_command_ended_stands_in_the_rollout(tmp_path: Path, call_id: str, code: int) -> None:
    fields = {"tool_name": "Bash", "tool_input": {"command": "pytest"}, "tool_use_id": call_id}
    (one,) = read(hook("PostToolUse", rollout(tmp_path), **fields, tool_response="AssertionError\n")).sightings
    assert one.kind == (m.MOMENT_KIND_CALL_FAILED if code else m.MOMENT_KIND_CALL_SUCCEEDED)
    assert one.error == ("Exit code 1\nAssertionError\n" if code else "")
    assert one.conclusive


def test_a_command_of_which_nobody_knows_how_it_ended_proves_nothing(tmp_path: Path) -> None:
    fields = {"tool_name": "Bash", "tool_input": {"command": "pytest"}, "tool_use_id": "call_other"}
    for path in (rollout(tmp_path), str(tmp_path / "rollout-gone.jsonl"), ""):
        (one,) = read(hook("PostToolUse", path, **fields, tool_response="AssertionError\n")).sightings
        assert (one.kind, one.conclusive, one.error) == (m.MOMENT_KIND_CALL_SUCCEEDED, False, "")


def test_what_failed_without_a_hook_is_seen_at_the_next_one(tmp_path: Path) -> None:
    before = rollout(tmp_path, PATCH_REFUSED)
    boom, proposed = read(hook("PreToolUse", before, tool_name="Bash", tool_input={"command": "ls"})).sightings
    assert (boom.kind, boom.tool, boom.tool_use_id) == (m.MOMENT_KIND_CALL_FAILED, "mcp__toy__boom", BOOM)
    assert boom.error == "BOOM failed"
    assert proposed.kind == m.MOMENT_KIND_CALL_PROPOSED
    after = rollout(tmp_path, PATCHED)
    seen = read(hook("PreToolUse", after, tool_name="Bash", tool_input={"command": "ls"}))
    _, patch, _ = seen.sightings
    assert (patch.tool, patch.tool_input["file_path"], patch.tool_use_id) == ("Edit", "calc.py", PATCH_REFUSED)
    assert patch.error.startswith("apply_patch verification failed: Failed to find expected lines")
    assert seen.sightings[seen.about] is patch, "the failure is what is answered"
    assert silent_failures(rollout(tmp_path)) == [], "a patch that worked has told all"


def test_a_reply_holds_nothing_that_the_client_does_not_know() -> None:
    assert reply("PostToolUse", "") == b"{}"
    assert orjson.loads(reply("PostToolUse", "advice")) == {
        "hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "advice"}
    }
    assert orjson.loads(reply("PreToolUse", "advice", refuse=True))["hookSpecificOutput"] == {
        "hookEventName": "PreToolUse",
        "permissionDecision": "deny",
        "permissionDecisionReason": "advice",
    }


def test_only_a_rollout_of_the_user_s_own_is_read(tmp_path: Path) -> None:
    path = Path(rollout(tmp_path))
    assert exit_code(str(path), FAILED) == 1
    other = tmp_path / "notes.jsonl"
    shutil.copy(path, other)
    link = tmp_path / "rollout-link.jsonl"
    link.symlink_to(path)
    folder = tmp_path / "rollout-folder.jsonl"
    folder.mkdir()
    for wrong in (other, link, folder, Path("rollout-relative.jsonl"), Path("/dev/null\x00/rollout-1.jsonl")):
        assert exit_code(str(wrong), FAILED) is None


def test_a_call_that_printed_much_is_still_found(tmp_path: Path) -> None:
    item = {"type": "CommandExecution", "id": "call_big", "aggregated_output": "x" * 300_000, "exit_code": 3}
    line = {"type": "event_msg", "payload": {"type": "item_completed", "item": item}}
    path = tmp_path / "rollout-big.jsonl"
    path.write_bytes(b"".join(LINES) + orjson.dumps(line) + b'\n{"half a li')
    assert exit_code(str(path), "call_big") == 3


def test_a_patch_of_a_file_with_secrets_is_read_as_such() -> None:
    patch = "*** Begin Patch\n*** Update File: .env\n@@\n-A=1\n+API_URL=plainwordsecretvalue\n*** End Patch\n"
    (one,) = read(hook("PreToolUse", "", tool_name="apply_patch", tool_input={"command": patch})).sightings
    assert one.tool_input["file_path"] == ".env"
    assert "plainwordsecretvalue" not in str(one.tool_input)


def test_a_patch_is_the_edit_of_its_first_file() -> None:
    two = "*** Begin Patch\n*** Add File: a.py\n+one\n+two\n*** Update File: b.py\n@@\n-x\n+y\n*** End Patch\n"
    assert edit_of(two) == ("Write", {"file_path": "a.py", "content": "one\ntwo"})
    assert edit_of("no patch") == ("Edit", {})


@given(
    st.dictionaries(
        st.sampled_from([*HOOKS["PostToolUse.Bash"], "agent_id", "prompt"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=30),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        ),
    )
)
def test_whatever_stands_in_a_hook_it_is_read_or_unusable(changed: dict[str, object]) -> None:
    for name in ("PostToolUse.Bash", "PreToolUse.apply_patch", "UserPromptSubmit"):
        with contextlib.suppress(Unusable):
            read({**HOOKS[name], **changed})


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_whatever_a_rollout_holds_it_is_read(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("rollouts") / "rollout-1.jsonl"
    path.write_bytes(b"\n".join(lines) + b"".join(LINES[:4]))
    assert silent_failures(str(path)) == []
    assert exit_code(str(path), "call_none") is None
