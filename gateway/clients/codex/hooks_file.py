"""Where and how Codex is wired (contracts as measured on codex-cli 0.169.0)."""

from __future__ import annotations

from typing import Final

from gateway.clients.codex.adapter import NAME
from gateway.clients.command_hooks import Dialect

CODEX: Final = Dialect(
    client=NAME,
    folder=".codex",
    file="hooks.json",
    events=(
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PostToolUse",
        "Stop",
        "SubagentStart",
        "SubagentStop",
        "SessionEnd",
    ),
    byte_order_mark=False,
    by_place=True,
    home_variable="CODEX_HOME",
)
"""No fields but those that Codex knows: with one more it drops the whole file."""
