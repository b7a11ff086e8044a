"""Where and how Gemini CLI is wired (contracts as measured on Gemini CLI 0.61.0)."""

from __future__ import annotations

from typing import Final

from gateway.clients.command_hooks import Dialect
from gateway.clients.gemini.adapter import NAME

GEMINI: Final = Dialect(
    client=NAME,
    folder=".gemini",
    file="settings.json",
    events=("SessionStart", "BeforeAgent", "AfterTool", "AfterAgent", "SessionEnd"),
    timeouts_per_s=1000,
    comments=True,
    extra={"name": "spark"},
    parent_variable="GEMINI_CLI_HOME",
    off_switch=("hooksConfig", "enabled"),
    off_value=False,
)
"""No BeforeTool: what is said there never reaches the model, and it would cost every call. No hooks around the model's
requests: they carry the whole conversation."""
