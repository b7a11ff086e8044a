"""Gemini CLI's hooks, read and answered in its own JSON (contracts as measured on Gemini CLI 0.61.0).

Calls have no ids: that of a result is the hash of what it is and when it came. Sub-agents cannot be told apart. What is
said before a call never reaches the model, so nothing is. Tools get the names that Claude Code has for them, so that
what one client taught holds in all.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from chassis.identifiers import digest
from gateway.clients.fields import Payload, call_key, mapping, text
from gateway.clients.gemini.mcp_failure import server_said
from gateway.redaction import cut_payload, redact_payload
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

NAME: Final = "gemini"
EMPTY_REPLY: Final = b"{}"

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
TRAILER = re.compile(r"(?:Error|Exit Code|Signal|Background PIDs|Process Group PGID): .*")
"""Lines that the client writes behind what a command printed."""
EXIT_CODE = re.compile(r"Exit Code: (\d+)")
ENVELOPE = ("<untrusted_context>", "</untrusted_context>")
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
    code, failure = outcome(mapping(payload, "tool_response")) if event == "AfterTool" else (0, "")
    if event in CALLS:
        tool, tool_input = known_as(text(payload, "tool_name", needed=True), payload)
        kept |= {"tool_name": tool, "tool_input": dict(tool_input), "error": server_said(failure)}
    clean, _ = redact_payload(cut_payload(kept))
    return Sighted(
        event=event,
        session_id=text(clean, "session_id", needed=True)[:200],
        agent_id="",
        folder=text(clean, "cwd", needed=True)[:4096],
        sightings=tuple(sightings(event, clean, code)),
        advisable=event in TAKES_CONTEXT and len(failure) <= REPLACEABLE_CHARS,
        error="" if code else failure,
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
    return orjson.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": advice}})


def outcome(response: Payload) -> tuple[int, str]:
    """The exit code of a command, and what it printed where it failed; else 0 and the error of the tool."""
    message = mapping(response, "error").get("message")
    if isinstance(message, str) and message:
        return 0, message
    printed = response.get("llmContent")
    if not isinstance(printed, str):
        return 0, ""
    body = printed.strip().removeprefix(ENVELOPE[0]).removesuffix(ENVELOPE[1]).strip()
    lines = body.split("\n")
    code = 0
    while lines and TRAILER.fullmatch(lines[-1]):
        found = EXIT_CODE.fullmatch(lines.pop())
        code = min(int(found.group(1)[:9]), 2**31 - 1) if found else code
    return code, "\n".join(lines).removeprefix("Output: ") if code else ""


def sightings(event: str, payload: Payload, code: int) -> list[Sighting]:
    """What happened, by the client's name of the event."""
    match event:
        case "SessionStart":
            return [Sighting(m.MOMENT_KIND_SESSION_STARTED, text(payload, "source") or "startup")]
        case "BeforeAgent":
            typed = text(payload, "prompt")
            at = text(payload, "timestamp")
            return [Sighting(m.MOMENT_KIND_PROMPT_SUBMITTED, f"{at} {typed}", prompt=typed)] if typed.strip() else []
        case "BeforeTool":
            return [call(m.MOMENT_KIND_CALL_PROPOSED, payload, 0)]
        case "AfterTool":
            failed = bool(code or text(payload, "error"))
            return [call(m.MOMENT_KIND_CALL_FAILED if failed else m.MOMENT_KIND_CALL_SUCCEEDED, payload, code)]
        case "AfterAgent":
            return [Sighting(m.MOMENT_KIND_TURN_ENDED, text(payload, "timestamp"))]
        case "SessionEnd":
            return [Sighting(m.MOMENT_KIND_SESSION_ENDED, "end")]
        case _:
            return []


def call(kind: m.MomentKind.ValueType, payload: Payload, code: int) -> Sighting:
    """A call at one of its moments.

    Raises:
        Unusable: when it does not say which tool.
    """
    tool, tool_input = text(payload, "tool_name", needed=True), mapping(payload, "tool_input")
    failure = text(payload, "error")
    identity = digest("gemini", text(payload, "session_id"), call_key(tool, tool_input), text(payload, "timestamp"))
    return Sighting(
        kind=kind,
        key=identity,
        tool=tool[:200],
        tool_use_id=identity,
        tool_input=tool_input,
        error=f"Exit code {code}\n{failure}" if code else failure,
    )


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
