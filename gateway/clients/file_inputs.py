"""The input of tools that work on files, under the names that Claude Code has for its fields."""

from __future__ import annotations

from typing import Final

from gateway.clients.fields import Payload

FILE_TOOLS: Final = frozenset({"Read", "Write", "Edit"})
FIELDS: Final = {
    "path": "file_path",
    "filePath": "file_path",
    "target_file": "file_path",
    "file_text": "content",
    "contents": "content",
    "old_str": "old_string",
    "oldString": "old_string",
    "new_str": "new_string",
    "newString": "new_string",
}


def with_known_fields(tool: str, tool_input: Payload) -> Payload:
    """The input of a call of `tool`, by Claude Code's name of it; that of other tools stays as it is."""
    if tool not in FILE_TOOLS:
        return tool_input
    return {FIELDS.get(name, name): value for name, value in tool_input.items()}
