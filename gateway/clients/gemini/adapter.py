"""Gemini CLI's hooks, read and answered in its own JSON (contracts as measured on Gemini CLI 0.61.0).

Calls have no ids: that of a result is the hash of what it is and when it came. Sub-agents cannot be told apart. What is
said before a call never reaches the model, so nothing is. Tools get the names that Claude Code has for them, so that
what one client taught holds in all.
"""

from __future__ import annotations

from typing import Final

import orjson

from chassis.identifiers import digest
from gateway.clients.fields import Payload, call_key, mapping, text
from gateway.clients.gemini.results import Result, result_of
from gateway.clients.hook_sightings import call, lifecycle
from gateway.clients.replies import EMPTY_REPLY, context_reply
from gateway.redaction import cut_payload, redact_payload
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

NAME: Final = "gemini"

TAKES_CONTEXT = frozenset({"SessionStart", "BeforeAgent", "AfterTool"})
TOOLS = {
    "run_shell_command": "Bash",
    "read_file": "Read",
    "write_file": "Write",
    "replace": "Edit",
    "grep_search": "Grep",
    "search_file_content": "Grep",
    "glob": "Glob",
    "list_directory": "LS",
    "web_fetch": "WebFetch",
    "google_web_search": "WebSearch",
    "write_todos": "TodoWrite",
    "invoke_agent": "Task",
}
REPLACEABLE_CHARS = 20_000
"""An error longer than that is left as it is: advice would take its place, and must not cut it."""
LEARNT_FROM = ("hook_event_name", "session_id", "cwd", "timestamp", "prompt", "source")
CALLS = frozenset({"BeforeTool", "AfterTool"})


def read(payload: Payload) -> Sighted:
    """What a hook shows, cut and cleaned of secrets; an event that Spark does not know shows nothing.

    Raises:
        Unusable: when a field that everything hangs on is missing or of a wrong type.
    """
    event = text(payload, "hook_event_name", needed=True)
    kept: dict[str, object] = {name: payload[name] for name in LEARNT_FROM if name in payload}
    result = Result()
    if event in CALLS:
        name = text(payload, "tool_name", needed=True)
        result = result_of(name, mapping(payload, "tool_response")) if event == "AfterTool" else result
        tool, tool_input = known_as(name, payload)
        kept |= {"tool_name": tool, "tool_input": dict(tool_input), "error": result.error}
    clean, _ = redact_payload(cut_payload(kept))
    return Sighted(
        event=event,
        session_id=text(clean, "session_id", needed=True)[:200],
        agent_id="",
        folder=text(clean, "cwd", needed=True)[:4096],
        sightings=tuple(sightings(event, clean, result)),
        advisable=event in TAKES_CONTEXT and len(result.error) <= REPLACEABLE_CHARS,
        error=result.error if result.of_tool else "",
    )


def reply(event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
    """The reply that puts advice into the agent's context. Behind an `error` of the tool itself it is read only as the
    reason of a denial, which takes the error's place and so must repeat it."""
    if not advice:
        return EMPTY_REPLY
    if refuse and event == "BeforeTool":
        return orjson.dumps({"decision": "deny", "reason": advice})
    if error:
        return orjson.dumps({"decision": "deny", "reason": f"{error}\n\n{advice}"})
    return context_reply(event, advice)


def sightings(event: str, payload: Payload, result: Result) -> list[Sighting]:
    """What happened, by the client's name of the event."""
    match event:
        case "BeforeAgent":
            typed = text(payload, "prompt")
            at = text(payload, "timestamp")
            return [Sighting(m.MOMENT_KIND_PROMPT_SUBMITTED, f"{at} {typed}", prompt=typed)] if typed.strip() else []
        case "BeforeTool":
            return [call(m.MOMENT_KIND_CALL_PROPOSED, with_id(payload))]
        case "AfterTool":
            kind = m.MOMENT_KIND_CALL_FAILED if result.failed else m.MOMENT_KIND_CALL_SUCCEEDED
            return [call(kind, with_id(payload), error=text(payload, "error"), code=result.code)]
        case "AfterAgent":
            return lifecycle("Stop", payload, text(payload, "timestamp"))
        case "SessionStart" | "SessionEnd":
            return lifecycle(event, payload, "")
        case _:
            return []


def with_id(payload: Payload) -> Payload:
    """A call with an id: the hash of what it is and when it came."""
    known = call_key(text(payload, "tool_name", needed=True), mapping(payload, "tool_input"))
    return {**payload, "tool_use_id": digest("gemini", text(payload, "session_id"), known, text(payload, "timestamp"))}


def known_as(tool: str, payload: Payload) -> tuple[str, Payload]:
    """The name and input under which Spark knows a call."""
    tool_input, mcp = mapping(payload, "tool_input"), mapping(payload, "mcp_context")
    if mcp:
        return f"mcp__{mcp.get('server_name')}__{mcp.get('tool_name')}", tool_input
    if tool == "invoke_agent":
        return "Task", {"subagent_type": tool_input.get("agent_name")}
    if tool == "list_directory":
        return "LS", {"path": tool_input.get("dir_path") or tool_input.get("path")}
    return TOOLS.get(tool, tool), tool_input
