"""What each class of failure says about its cause, and so about which change can be its fix."""

from __future__ import annotations

from enum import Enum


class Cause(Enum):
    """Where the fault lies."""

    USAGE = "usage"
    """The call itself was wrong: another call is the fix."""
    SURROUNDINGS = "surroundings"
    """Something was missing around it: a step before is the fix, or another call."""
    CODE = "code"
    """The code was wrong: an edit is the fix, and teaches nothing about the call."""


CODE_FAMILIES = frozenset({"test", "build", "lint"})

SURROUNDINGS = frozenset(
    {
        "shell.missing_module",
        "shell.missing_tool",
        "shell.command_not_found",
        "shell.no_such_path",
        "shell.connection_refused",
        "shell.port_in_use",
        "shell.missing_env",
        "shell.wrong_directory",
        "shell.dependency_conflict",
        "shell.permission_denied",
        "shell.auth",
    }
)

NAMED_BY_SIGNATURE = frozenset(
    {
        "shell.missing_module",
        "shell.missing_tool",
        "shell.command_not_found",
        "shell.bad_flag",
        "shell.unknown_subcommand",
        "shell.missing_env",
    }
)
"""The error names the very thing that is wrong, so the same name is the same failure whatever the rest of the call."""

DENIES_A_FACT = SURROUNDINGS | {"shell.unknown_subcommand", "shell.bad_flag", "test.none_found"}
"""After these a command is no longer how this is done here; a failing test run says nothing of the kind."""

READ_BEFORE = frozenset({"edit.not_read_first", "edit.stale_read", "edit.string_not_found"})


def cause_of(failure_class: str) -> Cause:
    """Where the fault of a class lies."""
    if failure_class.partition(".")[0] in CODE_FAMILIES and failure_class != "test.none_found":
        return Cause.CODE
    return Cause.SURROUNDINGS if failure_class in SURROUNDINGS else Cause.USAGE
