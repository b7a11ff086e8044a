"""Where and how Copilot CLI is wired (by documentation: github/docs, content/copilot/reference/hooks-reference.md)."""

from __future__ import annotations

from typing import Final

from gateway.clients.command_hooks import Dialect
from gateway.clients.copilot.adapter import NAME

COPILOT: Final = Dialect(
    client=NAME,
    folder=".copilot",
    file="hooks/spark.json",
    events=("SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop", "SessionEnd"),
    home_variable="COPILOT_HOME",
    project_folder=".github",
    version=1,
    grouped=False,
    command_field="bash",
    timeout_field="timeoutSec",
    always_answers=True,
)
"""A file of Spark's own, since Copilot CLI reads all of a folder. The events have their names in Pascal case, because
only then does a payload say which it is. No preToolUse: a command that ends badly there refuses the call, and what it
says is not read. `bash`, not `command`, which would be run by PowerShell on Windows too."""
