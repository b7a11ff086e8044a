"""What a hook shows whose events and fields have Claude Code's names, as other clients gave them too."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.clients.fields import Payload, call_key, mapping, text
from gateway.repository import Repository
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

INTERRUPTED = "[Request interrupted by user]"
"""The error of a call that the user broke off, in Claude Code's words, which perception knows."""
SYSTEM_NOTIFICATION = "<system_notification>"
"""How Cursor and Copilot CLI begin a prompt about something that ended in the background."""
LONGEST_MS = 2**31


def sighted(
    event: str,
    clean: Payload,
    sightings: Iterable[Sighting],
    *,
    advisable: bool,
    repository: Repository | None = None,
    about: int = -1,
    error: str = "",
) -> Sighted:
    """All that a hook shows, out of a payload that is cut and cleaned of secrets.

    Raises:
        Unusable: when the session or the folder is missing or of a wrong type.
    """
    return Sighted(
        event=event,
        session_id=text(clean, "session_id", needed=True)[:200],
        agent_id=text(clean, "agent_id")[:200],
        folder=text(clean, "cwd", needed=True)[:4096],
        sightings=tuple(sightings),
        advisable=advisable,
        repository=repository,
        about=about,
        error=error,
    )


def lifecycle(event: str, payload: Payload, turn: str) -> list[Sighting]:
    """A session, turn or sub-agent that begins or ends; nothing at other events. `turn` tells one turn from others.

    Raises:
        Unusable: when a field is of a wrong type.
    """
    match event:
        case "SessionStart":
            return [Sighting(m.MOMENT_KIND_SESSION_STARTED, text(payload, "source") or "startup")]
        case "Stop":
            return [Sighting(m.MOMENT_KIND_TURN_ENDED, turn)]
        case "SubagentStart":
            return [Sighting(m.MOMENT_KIND_SUBAGENT_STARTED, text(payload, "agent_id"))]
        case "SubagentStop":
            return [Sighting(m.MOMENT_KIND_SUBAGENT_ENDED, text(payload, "agent_id"))]
        case "SessionEnd":
            return [Sighting(m.MOMENT_KIND_SESSION_ENDED, "end")]
        case _:
            return []


def prompt(payload: Payload, key: str, not_typed: str) -> list[Sighting]:
    """A prompt that a user typed; what begins with `not_typed` is the client's own word. An empty `key` is the text.

    Raises:
        Unusable: when it is no text.
    """
    typed = text(payload, "prompt")
    if not typed.strip() or typed.lstrip().startswith(not_typed):
        return []
    return [Sighting(m.MOMENT_KIND_PROMPT_SUBMITTED, key or typed, prompt=typed)]


def call(
    kind: m.MomentKind.ValueType,
    payload: Payload,
    *,
    error: str = "",
    user_reason: str | None = None,
    code: int | None = 0,
) -> Sighting:
    """A call at one of its moments; of one whose exit `code` nobody knows, nobody knows whether it went well.

    Raises:
        Unusable: when it does not say which tool.
    """
    tool, tool_input = text(payload, "tool_name", needed=True), mapping(payload, "tool_input")
    tool_use_id, duration = text(payload, "tool_use_id"), payload.get("duration_ms")
    return Sighting(
        kind=kind,
        key=tool_use_id or call_key(tool, tool_input),
        tool=tool[:200],
        tool_use_id=tool_use_id[:200],
        tool_input=tool_input,
        error=f"Exit code {code}\n{error}" if code else error,
        user_reason=user_reason,
        duration_ms=min(duration, LONGEST_MS) if type(duration) is int and duration > 0 else 0,
        conclusive=code is not None,
    )
