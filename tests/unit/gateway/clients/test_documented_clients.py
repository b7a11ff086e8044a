"""What holds for the clients that are read by their documentation alone: Cursor, Copilot CLI, OpenCode."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.registry import ADAPTERS
from gateway.clients.replies import LARGEST_BYTES
from gateway.moments import call_digest, shown_input
from gateway.sightings import Sighted, Sighting, Unusable
from spark.moment.v1 import moment_pb2 as m

SAMPLES = Path(__file__).parent / "samples"
HOOKS: dict[str, dict[str, dict[str, Any]]] = {
    client: orjson.loads((SAMPLES / f"{client}.json").read_bytes()) for client in ("cursor", "copilot", "opencode")
}
ALL = [(client, name) for client, hooks in HOOKS.items() for name in hooks]


def read(client: str, name: str, **changed: object) -> Sighted:
    return ADAPTERS[client].read({**HOOKS[client][name], **changed})


def one(client: str, name: str, **changed: object) -> Sighting:
    (found,) = read(client, name, **changed).sightings
    return found


@pytest.mark.parametrize(("client", "name"), ALL)
def test_every_hook_can_be_read(client: str, name: str) -> None:
    seen = read(client, name)
    assert seen.session_id in {"c-91", "s-3", "ses_1"}
    assert seen.folder == "/home/dev/repo"


@pytest.mark.parametrize(
    ("client", "name", "kind"),
    [
        ("cursor", "sessionStart", m.MOMENT_KIND_SESSION_STARTED),
        ("cursor", "beforeSubmitPrompt", m.MOMENT_KIND_PROMPT_SUBMITTED),
        ("cursor", "preToolUse.Shell", m.MOMENT_KIND_CALL_PROPOSED),
        ("cursor", "postToolUse.Shell", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("cursor", "postToolUse.Shell.exit", m.MOMENT_KIND_CALL_FAILED),
        ("cursor", "postToolUseFailure.Shell", m.MOMENT_KIND_CALL_FAILED),
        ("cursor", "postToolUseFailure.denied", m.MOMENT_KIND_CALL_REJECTED),
        ("cursor", "subagentStart", m.MOMENT_KIND_SUBAGENT_STARTED),
        ("cursor", "stop", m.MOMENT_KIND_TURN_ENDED),
        ("cursor", "sessionEnd", m.MOMENT_KIND_SESSION_ENDED),
        ("copilot", "sessionStart", m.MOMENT_KIND_SESSION_STARTED),
        ("copilot", "userPromptSubmitted", m.MOMENT_KIND_PROMPT_SUBMITTED),
        ("copilot", "preToolUse.bash", m.MOMENT_KIND_CALL_PROPOSED),
        ("copilot", "postToolUse.bash", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("copilot", "postToolUse.bash.exit", m.MOMENT_KIND_CALL_FAILED),
        ("copilot", "postToolUse.view", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("copilot", "postToolUse.denied", m.MOMENT_KIND_CALL_REJECTED),
        ("copilot", "postToolUseFailure.view", m.MOMENT_KIND_CALL_FAILED),
        ("copilot", "agentStop", m.MOMENT_KIND_TURN_ENDED),
        ("copilot", "subagentStart", m.MOMENT_KIND_SUBAGENT_STARTED),
        ("copilot", "subagentStop", m.MOMENT_KIND_SUBAGENT_ENDED),
        ("copilot", "sessionEnd", m.MOMENT_KIND_SESSION_ENDED),
        ("opencode", "SessionStart", m.MOMENT_KIND_SESSION_STARTED),
        ("opencode", "UserPromptSubmit", m.MOMENT_KIND_PROMPT_SUBMITTED),
        ("opencode", "PostToolUse.bash", m.MOMENT_KIND_CALL_SUCCEEDED),
        ("opencode", "PostToolUse.bash.exit", m.MOMENT_KIND_CALL_FAILED),
        ("opencode", "PostToolUseFailure.read", m.MOMENT_KIND_CALL_FAILED),
        ("opencode", "PostToolUseFailure.rejected", m.MOMENT_KIND_CALL_REJECTED),
        ("opencode", "PostToolUseFailure.ruled_out", m.MOMENT_KIND_CALL_REJECTED),
        ("opencode", "Stop", m.MOMENT_KIND_TURN_ENDED),
        ("opencode", "SessionEnd", m.MOMENT_KIND_SESSION_ENDED),
    ],
)
def test_each_event_is_its_moment(client: str, name: str, kind: m.MomentKind.ValueType) -> None:
    assert one(client, name).kind == kind


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("cursor", "afterAgentThought"),
        ("cursor", "beforeSubmitPrompt.notification"),
        ("copilot", "userPromptSubmitted.notification"),
        ("copilot", "Notification"),
        ("copilot", "errorOccurred"),
        ("opencode", "UserPromptSubmit.in_subagent"),
    ],
)
def test_what_no_user_typed_and_what_is_not_known_shows_nothing(client: str, name: str) -> None:
    assert read(client, name).sightings == ()


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("cursor", "postToolUse.Shell.exit"),
        ("cursor", "postToolUseFailure.Shell.exit"),
        ("copilot", "postToolUse.bash.exit"),
        ("copilot", "PostToolUse.Bash.exit"),
        ("copilot", "postToolUseFailure.bash"),
        ("opencode", "PostToolUse.bash.exit"),
    ],
)
def test_a_command_that_failed_is_the_same_failure_in_every_client(client: str, name: str) -> None:
    failed = one(client, name)
    assert failed.tool == "Bash"
    assert failed.error.strip() == "Exit code 4\npytest: error: unrecognized arguments: --fast"
    claude = Sighting(m.MOMENT_KIND_CALL_FAILED, "k", tool="Bash", tool_input={"command": "pytest --fast tests"})
    assert call_digest(failed, shown_input(failed), "") == call_digest(claude, shown_input(claude), "")


@pytest.mark.parametrize(
    ("client", "name", "tool", "tool_input"),
    [
        ("cursor", "postToolUse.Read", "Read", {"file_path": "/home/dev/repo/a.py"}),
        ("cursor", "postToolUse.Write", "Write", {"file_path": "/home/dev/repo/a.py", "content": "x = 1\n"}),
        ("copilot", "postToolUse.view", "Read", {"file_path": "/home/dev/repo/a.py"}),
        ("copilot", "postToolUse.create", "Write", {"file_path": "/home/dev/repo/b.py", "content": "b = 1\n"}),
        (
            "copilot",
            "postToolUse.edit",
            "Edit",
            {"file_path": "/home/dev/repo/a.py", "old_string": "a = 1", "new_string": "a = 2"},
        ),
        (
            "copilot",
            "postToolUse.apply_patch",
            "Edit",
            {"file_path": "a.py", "old_string": "a = 1", "new_string": "a = 2"},
        ),
        ("copilot", "postToolUse.task", "Task", {"subagent_type": "explore"}),
        ("opencode", "PostToolUse.read", "Read", {"file_path": "/home/dev/repo/a.py"}),
        (
            "opencode",
            "PostToolUse.edit",
            "Edit",
            {"file_path": "/home/dev/repo/a.py", "old_string": "a = 1", "new_string": "a = 2"},
        ),
        (
            "opencode",
            "PostToolUse.apply_patch",
            "Edit",
            {"file_path": "a.py", "old_string": "a = 1", "new_string": "a = 2"},
        ),
        ("opencode", "PostToolUse.task", "Task", {"subagent_type": "explore"}),
    ],
)
def test_tools_and_their_input_have_one_name(client: str, name: str, tool: str, tool_input: object) -> None:
    found = one(client, name)
    assert (found.tool, found.tool_input) == (tool, tool_input)


def test_an_edit_in_cursor_is_an_edit() -> None:
    given = {"path": "a.py", "old_string": "a = 1", "new_string": "a = 2"}
    assert one("cursor", "postToolUse.Write", tool_input=given).tool == "Edit"


@pytest.mark.parametrize(
    ("client", "name", "field", "printed"),
    [
        ("cursor", "postToolUse.Shell", "tool_output", '{"exitCode": 0, "stdout": "SECRET"}'),
        ("cursor", "postToolUse.Read", "tool_output", '{"exitCode": 1, "stdout": "SECRET"}'),
        ("copilot", "postToolUse.bash", "toolResult", {"resultType": "success", "textResultForLlm": "SECRET"}),
        ("opencode", "PostToolUse.bash", "error", "SECRET"),
    ],
)
def test_what_a_call_printed_that_went_well_is_not_kept(client: str, name: str, field: str, printed: object) -> None:
    seen = read(client, name, **{field: printed})
    assert "SECRET" not in repr(seen)
    assert [each.kind for each in seen.sightings] == [m.MOMENT_KIND_CALL_SUCCEEDED]


@pytest.mark.parametrize(
    ("client", "name", "changed"),
    [
        ("cursor", "postToolUseFailure.Shell", {"error_message": "API_TOKEN=ghp_1234567890abcdefghijklmnopqrstuvwxyz"}),
        ("copilot", "postToolUseFailure.view", {"error": "API_TOKEN=ghp_1234567890abcdefghijklmnopqrstuvwxyz"}),
        ("opencode", "PostToolUseFailure.read", {"error": "API_TOKEN=ghp_1234567890abcdefghijklmnopqrstuvwxyz"}),
        ("cursor", "postToolUse.Write", {"tool_input": {"path": "/r/.env", "contents": "A=plainvalue\nB=other"}}),
        ("copilot", "postToolUse.create", {"toolArgs": '{"path": "/r/.env", "file_text": "A=plainvalue\\nB=other"}'}),
        (
            "opencode",
            "PostToolUse.edit",
            {"tool_input": {"filePath": "/r/.env", "oldString": "A=1", "newString": "A=plainvalue"}},
        ),
    ],
)
def test_secrets_are_taken_out(client: str, name: str, changed: dict[str, object]) -> None:
    seen = repr(read(client, name, **changed))
    assert "ghp_123" not in seen
    assert "plainvalue" not in seen


@pytest.mark.parametrize(
    ("client", "name", "advised"),
    [
        ("cursor", "beforeSubmitPrompt", {"continue": True, "additional_context": "advice"}),
        ("cursor", "postToolUse.Shell", {"additional_context": "advice"}),
        ("cursor", "postToolUseFailure.Shell", {"additional_context": "advice"}),
        (
            "cursor",
            "PostToolUse.by_claude_settings",
            {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "advice"}},
        ),
        ("copilot", "postToolUse.bash", {"additionalContext": "advice"}),
        ("copilot", "PostToolUseFailure.Read", {"additionalContext": "advice"}),
        ("opencode", "UserPromptSubmit", {"advice": "advice"}),
        ("opencode", "PostToolUseFailure.read", {"advice": "advice"}),
    ],
)
def test_the_reply_is_the_client_s_own(client: str, name: str, advised: object) -> None:
    seen, adapter = read(client, name), ADAPTERS[client]
    assert seen.advisable
    assert orjson.loads(adapter.reply(seen.event, "advice", error="e")) == advised
    assert orjson.loads(adapter.reply(seen.event, "")) in ({}, {"continue": True})


@pytest.mark.parametrize(
    ("client", "name"),
    [("cursor", "preToolUse.Shell"), ("copilot", "preToolUse.bash"), ("copilot", "userPromptSubmitted")],
)
def test_where_nobody_would_read_it_nothing_is_asked(client: str, name: str) -> None:
    assert not read(client, name).advisable


@pytest.mark.parametrize(("client", "name"), ALL)
def test_no_reply_could_keep_the_client_from_going_on(client: str, name: str) -> None:
    event = read(client, name).event
    for advice in ("", "advice", "x" * 20_000):
        reply = orjson.loads(ADAPTERS[client].reply(event, advice, refuse=True, error="e"))
        assert not {"permission", "decision", "permissionDecision", "behavior", "followup_message"} & set(reply)
        assert reply.get("continue", True) is True
        assert len(orjson.dumps(reply)) < LARGEST_BYTES + 200


def test_a_call_of_cursor_has_its_id_under_either_name_of_the_event() -> None:
    first, second = one("cursor", "postToolUse.Shell"), one("cursor", "PostToolUse.by_claude_settings")
    assert (first.key, first.tool_use_id) == (second.key, second.tool_use_id) == ("tool_1", "tool_1")
    assert first == second
    assert first.duration_ms == 5433


def test_a_sub_agent_of_cursor_is_one_of_its_parent() -> None:
    seen = read("cursor", "subagentStart", conversation_id="c-92")
    assert (seen.session_id, seen.agent_id) == ("c-91", "sub-7")


def test_a_call_that_the_user_broke_off_is_no_mistake() -> None:
    assert one("cursor", "postToolUseFailure.interrupt").error == "[Request interrupted by user]"


def test_what_cursor_s_session_start_shim_saw_is_taken_in() -> None:
    seen = read("cursor", "sessionStart", workspace_roots=[], spark={"v": 1, "root": "/home/dev/repo", "remote": None})
    assert (seen.folder, seen.repository is not None) == ("/home/dev/repo", True)


@pytest.mark.parametrize(
    ("camel", "pascal"),
    [
        ("preToolUse.bash", "PreToolUse.Bash"),
        ("postToolUse.bash", "PostToolUse.Bash"),
        ("postToolUse.bash.exit", "PostToolUse.Bash.exit"),
        ("postToolUseFailure.view", "PostToolUseFailure.Read"),
        ("userPromptSubmitted", "UserPromptSubmit"),
        ("sessionStart", "SessionStart"),
        ("agentStop", "Stop"),
        ("subagentStop", "SubagentStop"),
        ("sessionEnd", "SessionEnd"),
    ],
)
def test_both_forms_of_copilot_s_payload_are_one(camel: str, pascal: str) -> None:
    assert read("copilot", camel) == read("copilot", pascal)


def test_two_same_calls_of_copilot_are_two() -> None:
    first, later = (one("copilot", "postToolUse.bash", timestamp=1795880143726 + more) for more in (0, 4_000))
    assert first.tool_use_id != later.tool_use_id
    assert one("copilot", "postToolUse.bash", toolCallId="call_7").tool_use_id == "call_7"


def test_what_the_user_said_when_turning_a_call_down_is_heard() -> None:
    assert one("opencode", "PostToolUseFailure.rejected").user_reason == "use make test"
    assert one("opencode", "PostToolUseFailure.ruled_out").user_reason is None


def test_a_command_of_opencode_without_an_exit_code_proves_nothing() -> None:
    unknown = read("opencode", "PostToolUse.bash", exit_code=None).sightings[0]
    assert (unknown.kind, unknown.conclusive) == (m.MOMENT_KIND_CALL_SUCCEEDED, False)
    assert one("opencode", "PostToolUse.bash").conclusive
    assert one("opencode", "PostToolUse.read").conclusive


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
FIELDS = sorted({field for hooks in HOOKS.values() for hook in hooks.values() for field in hook})


@given(st.sampled_from(ALL), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_whatever_stands_in_a_hook_it_is_read_or_unusable(sample: tuple[str, str], changed: dict[str, object]) -> None:
    with contextlib.suppress(Unusable):
        read(*sample, **changed)


@given(
    st.sampled_from(sorted(HOOKS)), st.dictionaries(st.text(max_size=12) | st.sampled_from(FIELDS), JSON, max_size=6)
)
def test_whatever_a_hook_is_it_is_read_or_unusable(client: str, payload: dict[str, object]) -> None:
    with contextlib.suppress(Unusable):
        ADAPTERS[client].read(payload)


@given(st.text(), st.integers(1, 255))
def test_whatever_a_command_of_copilot_printed_the_code_is_the_client_s(printed: str, code: int) -> None:
    result = {"resultType": "success", "textResultForLlm": f"{printed}\n<exited with exit code {code}>"}
    assert one("copilot", "postToolUse.bash", toolResult=result).error.startswith(f"Exit code {code}\n")
