"""Claude Code's hooks, read and answered in its own JSON (contracts as measured on 2.1.197)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from gateway.clients.fields import Payload, text
from gateway.clients.hook_sightings import INTERRUPTED, call, lifecycle, prompt, sighted
from gateway.clients.replies import reply_to_hook
from gateway.clients.reported import reported
from gateway.perception.failures import user_reason
from gateway.redaction import cut_payload, redact_payload
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

NAME: Final = "claude-code"

TAKES_CONTEXT = frozenset(
    {"UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "SessionStart"}
)
TOOL_ERROR, TOOL_ERROR_END = "<tool_use_error>", "</tool_use_error>"
NOT_TYPED = "<task-notification>"
"""A background agent's end comes as a prompt that no user typed."""

MOST_CALLS = 64
"""Calls of one step that are looked at; models make a dozen at once at most."""

ASKS_APPROVAL = "This command requires approval"

LEARNT_FROM = (
    "hook_event_name",
    "session_id",
    "agent_id",
    "cwd",
    "prompt",
    "prompt_id",
    "tool_name",
    "tool_use_id",
    "tool_input",
    "error",
    "is_interrupt",
    "duration_ms",
    "source",
    "spark",
)


def read(payload: Payload) -> Sighted:
    """What a hook shows, cut and cleaned of secrets; an event that Spark does not know shows nothing.

    Raises:
        Unusable: when a field that everything hangs on is missing or of a wrong type.
    """
    clean, _ = redact_payload(cut_payload(relevant(payload)))
    event = text(clean, "hook_event_name", needed=True)
    return sighted(event, clean, sightings(event, clean), advisable=event in TAKES_CONTEXT, repository=reported(clean))


def reply(event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
    """The reply that puts advice into the agent's context. A call is stopped only where that was decided."""
    del error
    return reply_to_hook(event, advice, refuse=refuse)


def relevant(payload: Payload) -> dict[str, object]:
    """The fields that anything is learnt from: what a call that went well printed is never looked at."""
    kept = {name: payload[name] for name in LEARNT_FROM if name in payload}
    calls = payload.get("tool_calls")
    if isinstance(calls, list):
        kept["tool_calls"] = [entry for entry in cast(list[object], calls)[:MOST_CALLS] if turned_down(entry)]
    return kept


def turned_down(entry: object) -> bool:
    """Whether a call of a step was refused by the user or by the client itself, of which no other hook tells.

    What a tool printed stands in the same field. Only the client's own sentences count, and only where they are the
    whole answer or its beginning; memory passes over a call that another hook has told of.
    """
    if not isinstance(entry, dict):
        return False
    printed = cast(Payload, entry).get("tool_response")
    if not isinstance(printed, str):
        return False
    return is_tool_error(printed) or user_reason(printed) is not None or not_allowed(printed)


def is_tool_error(printed: str) -> bool:
    """Whether the client itself turned a call down as malformed."""
    return printed.startswith(TOOL_ERROR) and printed.rstrip().endswith(TOOL_ERROR_END)


def not_allowed(printed: str) -> bool:
    """Whether the client's own permission rules stopped a call."""
    return printed.startswith(ASKS_APPROVAL) or (
        printed.startswith("Permission to use ") and printed[:400].rstrip().endswith("has been denied.")
    )


def sightings(event: str, payload: Payload) -> list[Sighting]:
    """What happened, by the client's name of the event."""
    match event:
        case "UserPromptSubmit":
            return prompt(payload, text(payload, "prompt_id"), NOT_TYPED)
        case "PreToolUse":
            return [call(m.MOMENT_KIND_CALL_PROPOSED, payload)]
        case "PostToolUse":
            return [call(m.MOMENT_KIND_CALL_SUCCEEDED, payload)]
        case "PostToolUseFailure":
            interrupted = payload.get("is_interrupt") is True
            error = INTERRUPTED if interrupted else text(payload, "error")
            return [call(m.MOMENT_KIND_CALL_FAILED, payload, error=error)]
        case "PostToolBatch":
            return batch(payload)
        case _:
            return lifecycle(event, payload, text(payload, "prompt_id"))


def batch(payload: Payload) -> list[Sighting]:
    """The calls of a step that were turned down."""
    found: list[Sighting] = []
    for entry in cast(Sequence[Payload], payload.get("tool_calls") or ()):
        printed = text(entry, "tool_response")
        if printed.startswith(TOOL_ERROR):
            bare = printed.replace(TOOL_ERROR, "").replace(TOOL_ERROR_END, "")
            found.append(call(m.MOMENT_KIND_CALL_FAILED, entry, error=bare))
        else:
            reason = user_reason(printed)
            found.append(call(m.MOMENT_KIND_CALL_REJECTED, entry, error=printed, user_reason=reason))
    return found
