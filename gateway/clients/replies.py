"""Replies in the form that Claude Code gave to hooks and others took over."""

from __future__ import annotations

from typing import Final

import orjson

from gateway.redaction import cut

EMPTY_REPLY: Final = b"{}"


LARGEST_BYTES = 9_000
"""Cursor drops a text of more than 10,000 characters whole, Copilot CLI cuts what all hooks said at 10 KB."""


def fitting(advice: str) -> str:
    """Advice within the size that clients let through; `max_chars` of the policy keeps it far below by default."""
    return cut(advice, LARGEST_BYTES)


def context_reply(event: str, advice: str) -> bytes:
    """Puts advice into the agent's context."""
    return orjson.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": advice}})


def reply_to_hook(event: str, advice: str, *, refuse: bool) -> bytes:
    """Puts advice into the agent's context, and nothing beside it. A call is stopped only where that was decided."""
    if not advice:
        return EMPTY_REPLY
    if refuse and event == "PreToolUse":
        decision = {"permissionDecision": "deny", "permissionDecisionReason": advice}
        return orjson.dumps({"hookSpecificOutput": {"hookEventName": event, **decision}})
    return context_reply(event, advice)
