"""Codex's hooks, read and answered in its own JSON (contracts as measured on codex-cli 0.169.0).

A reply with one key that Codex does not know is thrown away whole. Tools get the names that Claude Code has for them,
so that what one client taught holds in all.
"""

from __future__ import annotations

from typing import Final

from gateway.clients.codex.patch import edit_of
from gateway.clients.codex.rollout import exit_code, silent_failures
from gateway.clients.fields import Payload, mapping, objects, text, text_in
from gateway.clients.hook_sightings import call, lifecycle, prompt, sighted
from gateway.clients.replies import reply_to_hook
from gateway.redaction import cut_payload, redact_payload
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

NAME: Final = "codex"

TAKES_CONTEXT = frozenset({"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse"})
CALLS = frozenset({"PreToolUse", "PostToolUse", "PostToolUseFailure"})
"""The last of them is of recordings alone: live no hook tells of such a call."""
LOOKS_BACK = frozenset({"PreToolUse", "Stop", "UserPromptSubmit"})
"""Events at which calls are looked for that failed without a hook of their own."""
NOT_TYPED = "<hook_prompt"
"""What a Stop hook wanted comes as a prompt that no user typed."""
SPAWNS = frozenset({"spawn_agent", "collaborationspawn_agent"})
LEARNT_FROM = ("hook_event_name", "session_id", "agent_id", "turn_id", "cwd", "prompt", "source")


def read(payload: Payload) -> Sighted:
    """What a hook shows, cut and cleaned of secrets; an event that Spark does not know shows nothing.

    Raises:
        Unusable: when a field that everything hangs on is missing or of a wrong type.
    """
    event, rollout = text(payload, "hook_event_name", needed=True), text(payload, "transcript_path")
    kept: dict[str, object] = {name: payload[name] for name in LEARNT_FROM if name in payload}
    code = code_of(payload, rollout) if ended_command(event, payload) else 0
    if event in CALLS:
        kept |= told(payload, text(payload, "tool_response") if code else text(payload, "error"))
    if event in LOOKS_BACK:
        kept["silent"] = [told(one.as_hook(), one.error) for one in silent_failures(rollout)]
    clean, _ = redact_payload(cut_payload(kept))
    before = [call(m.MOMENT_KIND_CALL_FAILED, one, error=text(one, "error")) for one in objects(clean.get("silent"))]
    return sighted(
        event,
        clean,
        (*before, *sightings(event, clean, code)),
        advisable=event in TAKES_CONTEXT,
        # A failure that nobody answered yet is worth more than a word before the next call.
        about=len(before) - 1 if before and event == "PreToolUse" else -1,
    )


def reply(event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
    """The reply that puts advice into the agent's context, and nothing beside it."""
    del error
    return reply_to_hook(event, advice, refuse=refuse)


def ended_command(event: str, payload: Payload) -> bool:
    """Whether a command has ended: of all else that ends with a hook it is known that it went well."""
    return event == "PostToolUse" and payload.get("tool_name") == "Bash"


def code_of(payload: Payload, rollout: str) -> int | None:
    """How a command ended: as the hook says, where it is one of the past; else as the rollout says."""
    said = payload.get("exit_code")
    return said if type(said) is int else exit_code(rollout, text(payload, "tool_use_id"))


def told(payload: Payload, error: str) -> dict[str, object]:
    """A call under the name and with the input under which Spark knows it, which say how its words are to be read."""
    tool, tool_input = known_as(text(payload, "tool_name", needed=True), mapping(payload, "tool_input"))
    given = {"tool_name": tool, "tool_input": dict(tool_input), "tool_use_id": text(payload, "tool_use_id")}
    return {**given, "error": error}


def sightings(event: str, payload: Payload, code: int | None) -> list[Sighting]:
    """What happened, by the client's name of the event."""
    match event:
        case "UserPromptSubmit":
            if text(payload, "agent_id"):
                return []  # A sub-agent's prompt is its parent's word.
            # Steering adds further prompts to a turn.
            return prompt(payload, f"{text(payload, 'turn_id')} {text(payload, 'prompt')}", NOT_TYPED)
        case "PreToolUse":
            return [call(m.MOMENT_KIND_CALL_PROPOSED, payload)]
        case "PostToolUse":
            failed = m.MOMENT_KIND_CALL_FAILED if code else m.MOMENT_KIND_CALL_SUCCEEDED
            return [call(failed, payload, error=text(payload, "error"), code=code)]
        case "PostToolUseFailure":
            return [call(m.MOMENT_KIND_CALL_FAILED, payload, error=text(payload, "error"))]
        case _:
            return lifecycle(event, payload, text(payload, "turn_id"))


def known_as(tool: str, tool_input: Payload) -> tuple[str, Payload]:
    """The name and input under which Spark knows a call."""
    if tool == "apply_patch":
        return edit_of(text_in(tool_input, "command"))
    if tool == "view_image":
        return "Read", {"file_path": tool_input.get("path")}
    if tool in SPAWNS:
        return "Task", {"subagent_type": tool_input.get("agent_type") or "default"}
    return tool, tool_input
