"""Where and how Cursor is wired (by documentation: cursor.com/docs/hooks)."""

from __future__ import annotations

from typing import Final

from gateway.clients.command_hooks import Dialect
from gateway.clients.cursor.adapter import NAME

CURSOR: Final = Dialect(
    client=NAME,
    folder=".cursor",
    file="hooks.json",
    events=("sessionStart", "beforeSubmitPrompt", "postToolUse", "postToolUseFailure", "stop", "sessionEnd"),
    version=1,
    grouped=False,
    always_answers=True,
)
"""No preToolUse and no other hook that asks for permission: what is said there is read only with a refusal, and it
would cost every call. Nothing at sub-agents: theirs asks for permission too. One event that Cursor does not know, and
the whole file counts for nothing."""
