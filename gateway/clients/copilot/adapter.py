"""Copilot CLI's hooks, read and answered in its own JSON (by documentation, never run for real).

Source: github/docs, content/copilot/reference/hooks-reference.md. An event wired as `postToolUse` comes with fields in
camel case and without its own name, one wired as `PostToolUse` with the names of Claude Code; both are read. Calls have
no ids: that of a result is the hash of what it is and when it came. What a hook says at a prompt or before a call never
reaches the model. Tools get the names that Claude Code has for them, so that what one client taught holds in all.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from chassis.identifiers import digest
from gateway.clients.codex.patch import edit_of
from gateway.clients.fields import Payload, call_key, mapping, mapping_in, text
from gateway.clients.file_inputs import with_known_fields
from gateway.clients.hook_sightings import SYSTEM_NOTIFICATION, call, lifecycle, prompt, sighted
from gateway.clients.replies import EMPTY_REPLY, fitting
from gateway.clients.reported import reported
from gateway.redaction import cut_payload, redact_payload
from gateway.sightings import Sighted, Sighting, Unusable
from gateway.times import time_in
from spark.moment.v1 import moment_pb2 as m

NAME: Final = "copilot"

EVENTS = {
    "sessionStart": "SessionStart",
    "userPromptSubmitted": "UserPromptSubmit",
    "preToolUse": "PreToolUse",
    "postToolUse": "PostToolUse",
    "postToolUseFailure": "PostToolUseFailure",
    "agentStop": "Stop",
    "subagentStart": "SubagentStart",
    "subagentStop": "SubagentStop",
    "sessionEnd": "SessionEnd",
}
"""The names that events have where fields have Claude Code's."""
FIELDS = {
    "sessionId": "session_id",
    "toolName": "tool_name",
    "toolArgs": "tool_input",
    "toolResult": "tool_result",
    "toolCallId": "tool_use_id",
    "agentId": "agent_id",
    "agentName": "agent_name",
    "stopReason": "stop_reason",
    "resultType": "result_type",
    "textResultForLlm": "text_result_for_llm",
}
TELLING = (
    ("tool_result", "PostToolUse"),
    ("error", "PostToolUseFailure"),
    ("tool_name", "PreToolUse"),
    ("prompt", "UserPromptSubmit"),
    ("agent_id", "SubagentStop"),
    ("agent_name", "SubagentStart"),
    ("stop_reason", "Stop"),
    ("source", "SessionStart"),
    ("reason", "SessionEnd"),
)
"""By which field an event without a name is known, in this order."""
TAKES_CONTEXT = frozenset({"SessionStart", "PostToolUse", "PostToolUseFailure"})
CALLS = frozenset({"PreToolUse", "PostToolUse", "PostToolUseFailure"})
TOOLS = {
    "bash": "Bash",
    "powershell": "Bash",
    "view": "Read",
    "create": "Write",
    "edit": "Edit",
    "str_replace_editor": "Edit",
    "grep": "Grep",
    "rg": "Grep",
    "glob": "Glob",
    "web_fetch": "WebFetch",
    "web_search": "WebSearch",
    "update_todo": "TodoWrite",
    "task": "Task",
    "Agent": "Task",
}
FAILURES = {"failure": m.MOMENT_KIND_CALL_FAILED} | dict.fromkeys(("rejected", "denied"), m.MOMENT_KIND_CALL_REJECTED)
"""Types of a result other than success; the documentation names success alone, the client's own kit these too."""
EXITED = re.compile(r"\n?<exited with exit code (\d{1,9})>\s*\Z")
"""The last line of a shell's result, written by the client: the call counts as a success whatever it says."""
LAST_LINE_CHARS = 64
LEARNT_FROM = ("session_id", "agent_id", "cwd", "prompt", "source", "spark")


def read(payload: Payload) -> Sighted:
    """What a hook shows, cut and cleaned of secrets; an event that Spark does not know shows nothing.

    Raises:
        Unusable: when a field that everything hangs on is missing or of a wrong type.
    """
    given = with_names(payload)
    event = event_of(given)
    kept: dict[str, object] = {name: given[name] for name in LEARNT_FROM if name in given}
    kept["agent_id"] = text(given, "agent_id") or (text(given, "agent_name") if event == "SubagentStart" else "")
    moment = stamp_of(given)
    kind, code = m.MOMENT_KIND_CALL_PROPOSED, 0
    if event in CALLS:
        kind, code, error = outcome(event, given)
        kept |= told(given, error)
    clean, _ = redact_payload(cut_payload(kept))
    return sighted(
        event,
        clean,
        sightings(event, clean, kind, code, moment),
        advisable=event in TAKES_CONTEXT,
        repository=reported(clean),
    )


def reply(event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
    """The reply that puts advice into the agent's context; it never holds a decision."""
    del event, refuse, error
    return orjson.dumps({"additionalContext": fitting(advice)}) if advice else EMPTY_REPLY


def with_names(payload: Payload) -> Payload:
    """The payload under the names of fields that Claude Code has."""
    return {FIELDS.get(name, name): value for name, value in payload.items()}


def event_of(payload: Payload) -> str:
    """The event's name, by the fields that it comes with where it has none.

    Raises:
        Unusable: when neither tells.
    """
    named = text(payload, "hook_event_name")
    if named:
        return EVENTS.get(named, named)
    told_by = next((event for name, event in TELLING if name in payload), "")
    if not told_by:
        raise Unusable("hook_event_name is missing")
    # An error by itself is the client's own, not a call's.
    return told_by if told_by != "PostToolUseFailure" or "tool_name" in payload else "ErrorOccurred"


def stamp_of(payload: Payload) -> str:
    """When a hook ran, to the second: the two forms of a payload may be written a moment apart, and to make the same
    call again a model needs longer."""
    at = payload.get("timestamp")
    if isinstance(at, int | float):
        return str(int(at / 1000)) if abs(at) < 1e15 else ""
    try:
        return str(int(time_in(at).timestamp()))
    except ValueError:
        return ""


def outcome(event: str, payload: Payload) -> tuple[m.MomentKind.ValueType, int, str]:
    """How a call came back, with the exit code and the words of one that did not go well."""
    if event == "PreToolUse":
        return m.MOMENT_KIND_CALL_PROPOSED, 0, ""
    if event == "PostToolUseFailure":
        code, error = exited(text(payload, "error"))
        return m.MOMENT_KIND_CALL_FAILED, code, error
    result = with_names(mapping(payload, "tool_result"))
    failure = FAILURES.get(text(result, "result_type"))
    printed = text(result, "text_result_for_llm")
    tool = text(payload, "tool_name")
    code, error = exited(printed) if TOOLS.get(tool, tool) == "Bash" else (0, printed)
    if code or failure:
        return failure or m.MOMENT_KIND_CALL_FAILED, code, error
    return m.MOMENT_KIND_CALL_SUCCEEDED, 0, ""


def exited(printed: str) -> tuple[int, str]:
    """The exit code that the client wrote behind what a command printed, and that; 0 where there is none."""
    found = EXITED.search(printed, max(0, len(printed) - LAST_LINE_CHARS))
    return (min(int(found.group(1)), 2**31 - 1), printed[: found.start()]) if found else (0, printed)


def told(payload: Payload, error: str) -> dict[str, object]:
    """A call under the name and with the input under which Spark knows it, which say how its words are to be read."""
    name, arguments = text(payload, "tool_name", needed=True), payload.get("tool_input")
    if name == "apply_patch":
        tool, tool_input = edit_of(patch_in(arguments))
    else:
        tool = TOOLS.get(name, name)
        tool_input = with_known_fields(tool, mapping_in(arguments))
    if tool == "Task":
        tool_input = {"subagent_type": tool_input.get("agent_type") or tool_input.get("subagent_type")}
    given = {"tool_name": tool, "tool_input": dict(tool_input), "tool_use_id": text(payload, "tool_use_id")}
    return {**given, "error": error}


def patch_in(arguments: object) -> str:
    """The patch in a call's arguments, which is the whole of them or one of their fields."""
    fields = mapping_in(arguments)
    texts = (fields.get(name) for name in ("input", "patch", "command"))
    return next((each for each in texts if isinstance(each, str)), arguments if isinstance(arguments, str) else "")


def sightings(event: str, payload: Payload, kind: m.MomentKind.ValueType, code: int, moment: str) -> list[Sighting]:
    """What happened, by Claude Code's name of the event."""
    if event == "UserPromptSubmit":
        return prompt(payload, f"{moment} {text(payload, 'prompt')}", SYSTEM_NOTIFICATION)
    if event in CALLS:
        return [call(kind, with_id(payload, moment), error=text(payload, "error"), code=code)]
    return lifecycle(event, payload, moment)


def with_id(payload: Payload, moment: str) -> Payload:
    """A call with its id, else with the hash of what it is and when it came."""
    known = call_key(text(payload, "tool_name", needed=True), mapping(payload, "tool_input"))
    made = digest(NAME, text(payload, "session_id"), text(payload, "agent_id"), known, moment)
    return {**payload, "tool_use_id": text(payload, "tool_use_id") or made}
