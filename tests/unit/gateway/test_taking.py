"""What is taken from other machines is cleaned again, and what was clean stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.registry import ADAPTERS
from gateway.moments import Circumstances, moment_from
from gateway.repository import Repository
from gateway.sightings import Unusable
from gateway.taking import clean, shortened
from spark.moment.v1 import moment_pb2

SAMPLES = Path(__file__).parent / "clients" / "samples"
SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "F6g7H8"
CLAUDE_CODE: dict[str, dict[str, Any]] = {
    event: {"hook_event_name": event, "session_id": "9f6c1c0e-1d0b-4a39-9d3d-0d8a1f0a2b11", "cwd": "/srv/shop", **more}
    for event, more in {
        "UserPromptSubmit": {
            "prompt": "Run the tests with `make test -j4`, then fix src/shop/cart.py:12",
            "prompt_id": "p",
        },
        "PreToolUse": {
            "tool_name": "Bash",
            "tool_use_id": "toolu_01AbCd",
            "tool_input": {"command": "pytest -q tests"},
        },
        "PostToolUse": {
            "tool_name": "Edit",
            "tool_use_id": "toolu_01AbCe",
            "tool_input": {"file_path": "/srv/shop/cart.py", "old_string": "a = 1", "new_string": "a = total(cart)"},
            "tool_response": {},
        },
        "PostToolUseFailure": {
            "tool_name": "Bash",
            "tool_use_id": "toolu_01AbCf",
            "tool_input": {"command": "git push origin 3f2c9a1b7d", "description": "Push the commit"},
            "error": "Exit code 1\nTo https://git.example.com/team/shop.git\n ! [rejected] main -> main (fetch first)",
        },
    }.items()
}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def moments_of(client: str) -> list[moment_pb2.Moment]:
    """The moments of a client's recorded hooks."""
    made: list[moment_pb2.Moment] = []
    hooks: dict[str, dict[str, Any]] = (
        CLAUDE_CODE if client == "claude-code" else orjson.loads((SAMPLES / f"{client}.json").read_bytes())
    )
    at = Circumstances("local", client, moment_pb2.ORIGIN_LIVE, NOON, NOON, "")
    for hook in hooks.values():
        try:
            sighted = ADAPTERS[client].read(hook)
        except Unusable:
            continue
        where = Repository(sighted.folder, "https://git.example.com/team/shop.git")
        made += [moment_from(each, sighted, where, at, "") for each in sighted.sightings]
    return made


@pytest.mark.parametrize("client", ["claude-code", "codex", "gemini", "cursor", "copilot", "opencode"])
def test_what_a_gateway_has_cleaned_is_left_as_it_is(client: str) -> None:
    moments = moments_of(client)
    assert moments
    for moment in moments:
        again = moment_pb2.Moment()
        again.CopyFrom(moment)
        clean(again)
        assert again == moment


def test_a_secret_is_taken_out_of_every_text() -> None:
    moment = moment_pb2.Moment(
        envelope=moment_pb2.Envelope(session_id=f"s {SECRET}", agent_id=SECRET, client="claude-code"),
        project=moment_pb2.Project(root=f"/srv/{SECRET}", remote=f"https://{SECRET}@git.example.com/x"),
        prompt=moment_pb2.Prompt(text=f"use {SECRET} now", tokens=["use", SECRET]),
        call=moment_pb2.ToolCall(command=f"curl {SECRET}", directory=SECRET, description=f"with {SECRET}\0 in it"),
        outcome=moment_pb2.Outcome(error=f"refused {SECRET}", signature=SECRET, user_reason=f"it is {SECRET}"),
    )
    clean(moment)
    assert SECRET.encode() not in moment.SerializeToString()
    assert b"\0" not in moment.call.description.encode()
    assert moment.envelope.client == "claude-code"


@given(st.text(max_size=200))
def test_a_clean_text_is_no_longer_than_it_was(text: str) -> None:
    assert len(shortened(text)) <= len(text)
