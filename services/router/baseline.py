"""General tips that were not learnt in this project: off by default, and counted apart from lessons."""

from __future__ import annotations

PREFIX = "baseline:"

TIPS = {
    "edit.not_read_first": "In general: an edit is accepted once the file was read in this session.",
    "edit.string_not_found": "In general: the text to replace must match the file to the last blank.",
    "edit.ambiguous_match": "In general: more lines around the text to replace make it unique.",
    "edit.stale_read": "In general: a file that changed since it was read must be read again before an edit.",
    "read.too_large": "In general: a large file can be read in parts, by offset and limit.",
    "shell.command_not_found": "In general: a missing program may be in the project's own environment or scripts.",
    "shell.missing_module": "In general: a missing module is often installed by the project's own install command.",
    "shell.wrong_directory": "In general: the command may belong in another folder of the repository.",
}


def tip_for(failure_class: str) -> str:
    """The tip for a class of failure; empty when there is none."""
    return TIPS.get(failure_class, "")
