"""Gemini CLI's hooks, read and answered in its own JSON (contracts as measured on Gemini CLI 0.61.0).

Calls have no ids: that of a result is the hash of what it is and when it came. Sub-agents cannot be told apart. What is
said before a call never reaches the model, so nothing is. Tools get the names that Claude Code has for them, so that
what one client taught holds in all. A chat's hooks (`chat.py`) say more than live ones.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from chassis.identifiers import digest
from gateway.clients.fields import Payload, call_key, mapping, text
from gateway.clients.gemini.mcp_failure import server_said
from gateway.clients.gemini.results import Result, result_of
from gateway.clients.hook_sightings import call, lifecycle, sighted
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
SAID_BY_HOOKS = ("<hook_context>", "</hook_context>")
"""Around what hooks add to a prompt, or to what a call printed."""
REFERENCED = re.compile(r"--- Content from referenced (?:files|context) ---")
"""Begins what the client adds of the files that a prompt refers to."""
LEARNT_FROM = ("hook_event_name", "session_id", "cwd", "timestamp", "source", "agent_id", "recorded_id", "rejected")
"""The last three are of chats alone."""
CALLS = frozenset({"BeforeTool", "AfterTool"})


def read(payload: Payload) -> Sighted:
    """What a hook shows, cut and cleaned of secrets; an event that Spark does not know shows nothing.

    Raises:
        Unusable: when a field that everything hangs on is missing or of a wrong type.
    """
    event = text(payload, "hook_event_name", needed=True)
    kept: dict[str, object] = {name: payload[name] for name in LEARNT_FROM if name in payload}
    result = ended(payload) if event == "AfterTool" else Result()
    if event == "BeforeAgent":
        kept["prompt"] = typed_in(text(payload, "prompt"))
    if event in CALLS:
        tool, tool_input = known_as(text(payload, "tool_name", needed=True), payload)
        failure = server_said(result.error)
        kept |= {"tool_name": tool, "tool_input": dict(tool_input), "error": failure}
    clean, _ = redact_payload(cut_payload(kept))
    return sighted(
        event,
        clean,
        sightings(event, clean, result),
        advisable=event in TAKES_CONTEXT and len(result.error) <= REPLACEABLE_CHARS,
        error=result.error if result.of_tool else "",
    )


def reply(event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
    """The reply that puts advice into the agent's context. Behind an `error` of the tool itself it is read only as the
    reason of a denial, which takes the error's place and so must repeat it."""
    del refuse
    if not advice:
        return EMPTY_REPLY
    if error:
        return orjson.dumps({"decision": "deny", "reason": f"{error}\n\n{advice}"})
    return context_reply(event, advice)


def ended(payload: Payload) -> Result:
    """How a call ended: as the chat says, where it is one of the past; else as the response shows."""
    if "exit_code" in payload:
        code = payload["exit_code"]
        return Result(code if type(code) is int else None, text(payload, "error"))
    return result_of(text(payload, "tool_name"), mapping(payload, "tool_response"))


def typed_in(prompt: str) -> str:
    """What the user typed of a prompt: neither what hooks said nor the files that it refers to."""
    begin, end = SAID_BY_HOOKS
    first, *later = REFERENCED.split(prompt, maxsplit=1)[0].split(begin)
    parted = (part.partition(end) for part in later)
    typed = (first, *(behind if closed else said for said, closed, behind in parted))
    return "\n".join(filter(None, map(str.strip, typed)))


def sightings(event: str, payload: Payload, result: Result) -> list[Sighting]:
    """What happened, by the client's name of the event."""
    match event:
        case "BeforeAgent":
            typed = text(payload, "prompt")
            key = text(payload, "recorded_id") or f"{text(payload, 'timestamp')} {typed}"
            return [Sighting(m.MOMENT_KIND_PROMPT_SUBMITTED, key, prompt=typed)] if typed else []
        case "BeforeTool":
            return [call(m.MOMENT_KIND_CALL_PROPOSED, with_id(payload))]
        case "AfterTool":
            if payload.get("rejected") is True:
                return [call(m.MOMENT_KIND_CALL_REJECTED, with_id(payload), error=text(payload, "error"))]
            kind = m.MOMENT_KIND_CALL_FAILED if result.failed else m.MOMENT_KIND_CALL_SUCCEEDED
            return [call(kind, with_id(payload), error=text(payload, "error"), code=result.code)]
        case "AfterAgent":
            return lifecycle("Stop", payload, text(payload, "timestamp"))
        case "SessionStart" | "SessionEnd":
            return lifecycle(event, payload, "")
        case _:
            return []


def with_id(payload: Payload) -> Payload:
    """A call with an id: the chat's own; live the hash of what it is and when it came."""
    known = call_key(text(payload, "tool_name", needed=True), mapping(payload, "tool_input"))
    made = digest("gemini", text(payload, "session_id"), known, text(payload, "timestamp"))
    return {**payload, "tool_use_id": text(payload, "recorded_id")[:200] or made}


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
