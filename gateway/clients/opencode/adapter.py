"""OpenCode, read and answered in the JSON of Spark's own plugin (by documentation, never run for real).

OpenCode has no hooks but a plugin in its process (anomalyco/opencode, packages/plugin/src/index.ts); `plugin.js` beside
this file posts what it is told, under Claude Code's names of events, and adds the advice it gets to what the model
reads. Tools and their inputs come under OpenCode's names and get Claude Code's here, so that what one client taught
holds in all.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from gateway.clients.codex.patch import edit_of
from gateway.clients.fields import Payload, mapping, text, text_in
from gateway.clients.file_inputs import with_known_fields
from gateway.clients.hook_sightings import call, lifecycle, prompt, sighted
from gateway.clients.replies import EMPTY_REPLY, fitting
from gateway.redaction import cut_payload, redact_payload
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

NAME: Final = "opencode"

TAKES_CONTEXT = frozenset({"UserPromptSubmit", "PostToolUse", "PostToolUseFailure"})
CALLS = frozenset({"PostToolUse", "PostToolUseFailure"})
TOOLS = {
    "bash": "Bash",
    "read": "Read",
    "write": "Write",
    "edit": "Edit",
    "grep": "Grep",
    "glob": "Glob",
    "list": "LS",
    "webfetch": "WebFetch",
    "websearch": "WebSearch",
    "todowrite": "TodoWrite",
    "task": "Task",
}
PATCHES = frozenset({"patch", "apply_patch"})
NOT_TYPED = "<task-notification>"
TURNED_DOWN = ("The user rejected permission", "The user has specified a rule which prevents")
"""How the error of a call begins that the user or a rule of theirs refused."""
FEEDBACK = re.compile(r"with (?:the following )?feedback: ")
LARGEST_REASON = 500
LEARNT_FROM = ("hook_event_name", "session_id", "agent_id", "cwd", "message_id", "prompt", "source")


def read(payload: Payload) -> Sighted:
    """What the plugin tells, cut and cleaned of secrets; an event that Spark does not know shows nothing.

    Raises:
        Unusable: when a field that everything hangs on is missing or of a wrong type.
    """
    event = text(payload, "hook_event_name", needed=True)
    kept: dict[str, object] = {name: payload[name] for name in LEARNT_FROM if name in payload}
    code = code_of(payload) if event == "PostToolUse" else 0
    if event in CALLS:
        failed = code or event == "PostToolUseFailure"
        kept |= told(payload, text(payload, "error") if failed else "")
    clean, _ = redact_payload(cut_payload(kept))
    return sighted(
        event,
        clean,
        sightings(event, clean, code),
        advisable=event in TAKES_CONTEXT and not (event == "UserPromptSubmit" and text(clean, "agent_id")),
    )


def reply(event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
    """The reply that the plugin adds to what the model reads."""
    del event, refuse, error
    return orjson.dumps({"advice": fitting(advice)}) if advice else EMPTY_REPLY


def code_of(payload: Payload) -> int | None:
    """The exit code of a command, None where nobody knows it, as when it was broken off; 0 of other tools."""
    code = payload.get("exit_code")
    if type(code) is int:
        return max(-(2**31), min(code, 2**31 - 1))
    return None if payload.get("tool_name") == "bash" else 0


def told(payload: Payload, error: str) -> dict[str, object]:
    """A call under the name and with the input under which Spark knows it, which say how its words are to be read."""
    name, given = text(payload, "tool_name", needed=True), mapping(payload, "tool_input")
    if name in PATCHES:
        tool, tool_input = edit_of(text_in(given, "patchText") or text_in(given, "patch"))
    else:
        tool = TOOLS.get(name, name)
        tool_input = with_known_fields(tool, given)
    if tool == "Task":
        tool_input = {"subagent_type": tool_input.get("subagent_type")}
    about = {"tool_name": tool, "tool_input": dict(tool_input), "tool_use_id": text(payload, "tool_use_id")}
    return {**about, "error": error}


def sightings(event: str, payload: Payload, code: int | None) -> list[Sighting]:
    """What happened."""
    error = text(payload, "error")
    match event:
        case "UserPromptSubmit":
            # A sub-agent's prompt is its parent's word.
            return [] if text(payload, "agent_id") else prompt(payload, text(payload, "message_id"), NOT_TYPED)
        case "PostToolUse":
            return [
                call(
                    m.MOMENT_KIND_CALL_FAILED if code else m.MOMENT_KIND_CALL_SUCCEEDED, payload, error=error, code=code
                )
            ]
        case "PostToolUseFailure" if error.startswith(TURNED_DOWN):
            return [call(m.MOMENT_KIND_CALL_REJECTED, payload, error=error, user_reason=reason_in(error))]
        case "PostToolUseFailure":
            return [call(m.MOMENT_KIND_CALL_FAILED, payload, error=error)]
        case _:
            return lifecycle(event, payload, text(payload, "message_id"))


def reason_in(error: str) -> str | None:
    """What the user typed when rejecting a call; "" for a rejection without a reason, None for a rule's."""
    if not error.startswith(TURNED_DOWN[0]):
        return None
    said = FEEDBACK.search(error)
    return error[said.end() :].strip()[:LARGEST_REASON] if said else ""
