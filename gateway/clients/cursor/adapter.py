"""Cursor's hooks, read and answered in its own JSON (by documentation: cursor.com/docs/hooks, never run for real).

Cursor also runs the hooks in Claude Code's settings; what comes from there is told by its `cursor_version` and read
here. Events may then have Claude Code's names, and the reply takes the form that belongs to the name. Tools get the
names that Claude Code has for them, so that what one client taught holds in all.
"""

from __future__ import annotations

from typing import Final, cast

import orjson

from gateway.clients.fields import Payload, mapping, mapping_in, text
from gateway.clients.file_inputs import with_known_fields
from gateway.clients.hook_sightings import INTERRUPTED, SYSTEM_NOTIFICATION, call, lifecycle, prompt, sighted
from gateway.clients.replies import EMPTY_REPLY, context_reply, fitting
from gateway.clients.reported import reported
from gateway.redaction import cut_payload, redact_payload
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

NAME: Final = "cursor"

EVENTS = {
    "sessionStart": "SessionStart",
    "beforeSubmitPrompt": "UserPromptSubmit",
    "preToolUse": "PreToolUse",
    "postToolUse": "PostToolUse",
    "postToolUseFailure": "PostToolUseFailure",
    "stop": "Stop",
    "subagentStart": "SubagentStart",
    "subagentStop": "SubagentStop",
    "sessionEnd": "SessionEnd",
}
"""Claude Code's names of its events."""
TAKES_CONTEXT = frozenset({"SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure"})
CALLS = frozenset({"PreToolUse", "PostToolUse", "PostToolUseFailure"})
TOOLS = {"Shell": "Bash"}
DENIED = "permission_denied"
LEARNT_FROM = ("generation_id", "prompt", "source", "spark")


def read(payload: Payload) -> Sighted:
    """What a hook shows, cut and cleaned of secrets; an event that Spark does not know shows nothing.

    Raises:
        Unusable: when a field that everything hangs on is missing or of a wrong type.
    """
    event = text(payload, "hook_event_name", needed=True)
    known = EVENTS.get(event, event)
    kept: dict[str, object] = {name: payload[name] for name in LEARNT_FROM if name in payload}
    parent = text(payload, "parent_conversation_id")
    kept["session_id"] = parent or text(payload, "conversation_id") or text(payload, "session_id")
    kept["agent_id"] = text(payload, "subagent_id") or (text(payload, "conversation_id") if parent else "")
    kept["cwd"] = folder_of(payload)
    code = 0
    if known in CALLS:
        code, printed = outcome(payload) if known != "PreToolUse" else (0, "")
        kept |= told(payload, printed or text(payload, "error_message"))
    clean, _ = redact_payload(cut_payload(kept))
    return sighted(
        event,
        clean,
        sightings(known, clean, code, denied=payload.get("failure_type") == DENIED),
        advisable=known in TAKES_CONTEXT,
        repository=reported(clean),
    )


def reply(event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
    """The reply that puts advice into the agent's context. It holds no decision: an event at which Cursor could be
    kept from going on is answered by an empty object, or by one that lets it go on."""
    del refuse, error
    if event == "beforeSubmitPrompt":
        return orjson.dumps({"continue": True, **({"additional_context": fitting(advice)} if advice else {})})
    if not advice:
        return EMPTY_REPLY
    if event in EVENTS:
        return orjson.dumps({"additional_context": fitting(advice)})
    return context_reply(event, fitting(advice))


def folder_of(payload: Payload) -> str:
    """Where the call works, else the first folder of the workspace, else what the SessionStart shim saw."""
    roots = payload.get("workspace_roots")
    first = cast(list[object], roots)[0] if isinstance(roots, list) and roots else ""
    in_workspace = first if isinstance(first, str) else ""
    return text(payload, "cwd") or in_workspace or text(mapping(payload, "spark"), "root")


def outcome(payload: Payload) -> tuple[int, str]:
    """The exit code of a command and what it printed where it failed; else 0 and nothing.

    The answer comes as JSON in a text. Of other tools it is not opened: their success is one.
    """
    if payload.get("tool_name") not in ("Shell", "Bash"):
        return 0, ""
    answer = mapping_in(payload.get("tool_output"))
    code = answer.get("exitCode")
    if type(code) is not int or code == 0:
        return 0, ""
    parts = [part for name in ("output", "stdout", "stderr") if isinstance(part := answer.get(name), str) and part]
    return max(-(2**31), min(code, 2**31 - 1)), "\n".join(parts)


def told(payload: Payload, error: str) -> dict[str, object]:
    """A call under the name and with the input under which Spark knows it, which say how its words are to be read."""
    name, given = text(payload, "tool_name", needed=True), mapping_in(payload.get("tool_input"))
    tool = "Edit" if name == "Write" and "old_string" in given else TOOLS.get(name, name)
    duration = payload.get("duration")
    return {
        "tool_name": tool,
        "tool_input": dict(with_known_fields(tool, given)),
        "tool_use_id": text(payload, "tool_use_id"),
        "error": INTERRUPTED if payload.get("is_interrupt") is True else error,
        "duration_ms": round(duration) if isinstance(duration, int | float) and 0 < duration < 2**31 else 0,
    }


def sightings(event: str, payload: Payload, code: int, *, denied: bool) -> list[Sighting]:
    """What happened, by Claude Code's name of the event."""
    match event:
        case "UserPromptSubmit":
            return prompt(payload, text(payload, "generation_id"), SYSTEM_NOTIFICATION)
        case "PreToolUse":
            return [call(m.MOMENT_KIND_CALL_PROPOSED, payload)]
        case "PostToolUse" | "PostToolUseFailure":
            failed = m.MOMENT_KIND_CALL_REJECTED if denied else m.MOMENT_KIND_CALL_FAILED
            kind = failed if code or event == "PostToolUseFailure" else m.MOMENT_KIND_CALL_SUCCEEDED
            return [call(kind, payload, error=text(payload, "error"), code=code)]
        case _:
            return lifecycle(event, payload, text(payload, "generation_id"))
