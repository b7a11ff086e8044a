"""From a replay to what is measured: what becomes of moments whose decision is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.clients.recorded import RecordedHook
from host.recordings.hook_client import HookReply
from host.recordings.judging import Observer
from host.recordings.library import Library
from host.recordings.replay import Played
from host.recordings.scoring import report
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FAILED = "error: unknown flag: --fast"


def played(number: int, event: str, decision: str = "", *, session: str = "one", **fields: object) -> Played:
    """A hook and its reply; without a decision the gateway gave none."""
    payload: dict[str, object] = {"session_id": session, "cwd": "/p", "hook_event_name": event, **fields}
    headers = {"spark-decision": decision} if decision else {}
    return Played(
        RecordedHook(START + timedelta(seconds=number), payload), HookReply(200, headers, b"{}", float(number))
    )


def of_call(number: int) -> dict[str, Any]:
    """The fields of a call."""
    return {"tool_name": "Bash", "tool_use_id": str(number), "tool_input": {"command": "mycli build --fast"}}


def decided(name: str) -> router_pb2.AdviceDecided:
    """A decision to say nothing."""
    return router_pb2.AdviceDecided(
        envelope=moment_pb2.Envelope(project_id="the-project"),
        target="mycli build --fast",
        decision=router_pb2.Decision(
            decision_id=name, route=router_pb2.ROUTE_PACKET_EXACT, silence=router_pb2.SILENCE_NO_LESSON
        ),
    )


def test_a_moment_without_a_decision_counts_as_one_that_was_not_answered() -> None:
    """Both ways to be without: the gateway gave none, and telemetry has none."""
    observer = Observer()
    observer.see(played(1, "UserPromptSubmit", "known", prompt="build it", prompt_id="p"))
    observer.see(played(2, "PreToolUse", **of_call(1)))
    observer.see(played(3, "PostToolUseFailure", "lost", error=FAILED, **of_call(1)))
    observer.see(played(4, "PreToolUse", **of_call(2)))

    judged = observer.judged({"known": decided("known")})
    document = report(judged, Library([], [], 0, []), "claude-code", {}, history=True)

    inputs, routes = document["inputs"], document["measures"]["routes"]
    assert (inputs["decisions"], inputs["decisions_missing"], inputs["projects"]) == (1, 3, 1)
    assert (routes["answered"]["count"], routes["answered"]["of"]) == (1, 4)
    assert routes["failed_before"]["by_route"] == {"none": 1}
    assert routes["found"]["applicable"] == 0
    assert document["measures"]["latency_ms"]["p100"] == 4
    assert {call.project for call in judged.calls} == {"the-project"}


def test_where_no_decision_of_a_session_is_known_its_folder_stands_for_the_project() -> None:
    observer = Observer()
    observer.see(played(1, "UserPromptSubmit", "known", prompt="build it", prompt_id="p"))
    observer.see(played(2, "PreToolUse", session="two", **of_call(1)))

    assert [call.project for call in observer.judged({"known": decided("known")}).calls] == ["/p"]


def test_a_hook_that_shows_nothing_is_no_moment() -> None:
    """A step of which no call was turned down, and a prompt that nobody typed."""
    observer = Observer()
    observer.see(played(1, "PreToolUse", "known", **of_call(1)))
    observer.see(played(2, "PostToolBatch", tool_calls=[{**of_call(1), "tool_response": "Sibling tool call errored"}]))
    observer.see(played(3, "UserPromptSubmit", prompt="<task-notification>done", prompt_id="p"))
    observer.see(played(4, "SessionEnd", reason="other"))

    assert [moment.decided for moment in observer.judged({"known": decided("known")}).moments] == [True]
