"""Failure classes of the agent's own tools: reading, editing, asking, fetching."""

from __future__ import annotations

from gateway.perception.rule import Rule, row

CALL_RULES: tuple[Rule, ...] = (
    row(
        "tool.interrupted",
        "[Request interrupted by user|Sibling tool call errored|parallel tool call",
    ),
    row(
        "tool.interrupted",
        "Interrupted by user|interrupted by the user|aborted by user|was aborted before",
    ),
    row(
        "tool.invalid_input",
        "parameter `|parameter '|InputValidationError",
        r"(?:parameter|property|argument) [`'\"]([\w.-]+)",
        r"InputValidationError: (.{1,160})",
    ),
    row(
        "tool.invalid_input",
        "Argument Validation Error|-32602|Input validation error|Invalid arguments for",
    ),
    row(
        "tool.permission_denied",
        "Permission to |Claude requested permissions|denied by your permission",
    ),
    row(
        "tool.permission_denied",
        "requires approval|has been blocked|hook error:|blocked by hook",
    ),
    row(
        "tool.unknown_name",
        "Unknown skill|Unknown tool|No such tool|Unknown agent",
        r"(?:Unknown skill|Unknown tool|No such tool available|Unknown agent): ([\w:.-]+)",
    ),
    row(
        "tool.unknown_name",
        "Agent type '",
        r"Agent type '([^']+)' not found",
    ),
)
"""The call itself was refused, stopped or malformed, whatever the tool."""

FILE_RULES: tuple[Rule, ...] = (
    row(
        "edit.ambiguous_match",
        "matches of the string to replace|multiple occurrences of",
    ),
    row(
        "edit.string_not_found",
        "String: ",
        r"String: (.*)",
    ),
    row(
        "edit.string_not_found",
        "String to replace not found|old_string not found|not found in file|Could not find an exact match for"
        "|Failed to find expected lines",
    ),
    row(
        "edit.not_read_first",
        "has not been read yet",
    ),
    row(
        "edit.stale_read",
        "modified since read|unexpectedly modified|modified since it was",
    ),
    row(
        "edit.no_change",
        "No changes to make|exactly the same",
    ),
    row(
        "read.too_many_tokens",
        "exceeds maximum allowed tokens",
    ),
    row(
        "read.too_large",
        "exceeds maximum allowed size|too many pages|File is too large|PDF has ",
    ),
    row(
        "tool.unavailable",
        "posix_spawn|spawn /|not connected",
        r"spawn '?(\S+?)'?(?: ENOENT)?$",
        loose=True,
    ),
    row(
        "path.is_directory",
        "EISDIR|s a directory",
    ),
    row(
        "path.not_exist",
        "ENOENT|does not exist|File not found|No such file|no such file",
        r"o such file or directory, \w+ '([^']+)'",
        r"(?:not exist|not found): (.*)",
        loose=True,
    ),
    row(
        "tool.timeout",
        "timed out|Timed out|ETIMEDOUT",
    ),
)
"""What tools that read and edit files answer in place of a result."""

WEB_RULES: tuple[Rule, ...] = (
    row(
        "web.http_status",
        "status|HTTP|code ",
        r"\b(?:status(?: code)?:?|HTTP(?:/[\d.]+)?|code) (\d{3})\b",
    ),
    row(
        "web.unreachable",
        "ENOTFOUND|ECONNREFUSED|ECONNRESET|nable to |ertificate",
    ),
)
"""What tools that fetch from the web report."""
