"""Failure classes of the agent's own tools, what the user said, and what holds for any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.perception.failures import classify, exit_code, is_mistake, user_reason
from gateway.perception.signatures import MAX_SIGNATURE, plain, signature

REFUSED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the "
    "new_string was NOT written to the file). "
)
CASES: list[tuple[str, str, str, str]] = [
    (
        "Edit",
        "<tool_use_error>String to replace not found in file.\nString: \tfoo(bar)\n</tool_use_error>",
        "edit.string_not_found",
        "foo(bar)",
    ),
    (
        "Edit",
        "apply_patch verification failed: Failed to find expected lines in /repo/calc.py:\nnever there",
        "edit.string_not_found",
        "apply_patch verification failed: Failed to find expected lines in /repo/calc.py:",
    ),
    (
        "Edit",
        "Could not find an exact match for 'old_string' in '/repo/calc.py'. If previous edits modified the file",
        "edit.string_not_found",
        "Could not find an exact match for 'old_string' in '/repo/calc.py'. If previous edits modified the file",
    ),
    (
        "Edit",
        "<tool_use_error>Found 3 matches of the string to replace, but replace_all is false. To replace all\n"
        "String: x = 1</tool_use_error>",
        "edit.ambiguous_match",
        "Found N matches of the string to replace, but replace_all is false. To replace all",
    ),
    (
        "Write",
        "<tool_use_error>File has not been read yet. Read it first before writing to it.</tool_use_error>",
        "edit.not_read_first",
        "File has not been read yet. Read it first before writing to it.",
    ),
    (
        "Edit",
        "<tool_use_error>File has been modified since read, either by the user or by a linter. Read it "
        "again</tool_use_error>",
        "edit.stale_read",
        "File has been modified since read, either by the user or by a linter. Read it again",
    ),
    (
        "Edit",
        "<tool_use_error>No changes to make: old_string and new_string are exactly the same.</tool_use_error>",
        "edit.no_change",
        "No changes to make: old_string and new_string are exactly the same.",
    ),
    ("Read", "<tool_use_error>File does not exist.</tool_use_error>", "path.not_exist", "File does not exist."),
    (
        "Read",
        "File does not exist. Note: your current working directory is /srv/x.",
        "path.not_exist",
        "File does not exist. Note: your current working directory is /srv/x.",
    ),
    ("Grep", "<tool_use_error>Path does not exist: src/nope</tool_use_error>", "path.not_exist", "src/nope"),
    (
        "Read",
        "EISDIR: illegal operation on a directory, read",
        "path.is_directory",
        "EISDIR: illegal operation on a directory, read",
    ),
    (
        "Read",
        "File content (25333 tokens) exceeds maximum allowed tokens (25000). Please use offset and limit",
        "read.too_many_tokens",
        "File content (N tokens) exceeds maximum allowed tokens (N). Please use offset and limit",
    ),
    (
        "Read",
        "File content (3.1MB) exceeds maximum allowed size (256KB). Please use offset",
        "read.too_large",
        "File content (3.1MB) exceeds maximum allowed size (256KB). Please use offset",
    ),
    (
        "Read",
        "<tool_use_error>InputValidationError: Read failed due to the following issue:\n"
        "The parameter `offset` type is expected as `number`</tool_use_error>",
        "tool.invalid_input",
        "offset",
    ),
    ("Grep", "ENOENT: no such file or directory, posix_spawn '/usr/lib/x/rg'", "tool.unavailable", "/usr/lib/x/rg"),
    ("Skill", "<tool_use_error>Unknown skill: commit</tool_use_error>", "tool.unknown_name", "commit"),
    ("Task", "Agent type 'reviewer' not found. Available agents: Explore, Plan", "tool.unknown_name", "reviewer"),
    (
        "Edit",
        "<tool_use_error>Sibling tool call errored</tool_use_error>",
        "tool.interrupted",
        "Sibling tool call errored",
    ),
    ("Bash", "[Request interrupted by user for tool use]", "tool.interrupted", ""),
    ("Bash", "Exit code 137\n[Request interrupted by user for tool use]\n=== RUN TestA", "tool.interrupted", ""),
    (
        "Bash",
        "Permission to use Bash with command rm -rf x has been denied.",
        "tool.permission_denied",
        "Permission to use Bash with command rm -rf x has been denied.",
    ),
    (
        "Read",
        REFUSED + "STOP what you are doing and wait for the user to tell you how to proceed.",
        "tool.rejected_by_user",
        "",
    ),
    (
        "Bash",
        REFUSED + "To tell you how to proceed, the user said:\nuse the staging host",
        "tool.rejected_by_user",
        "use the staging host",
    ),
    ("mcp__issues__create", "Argument Validation Error", "tool.invalid_input", "Argument Validation Error"),
    ("mcp__issues__get", "Entity not found: Issue", "mcp.error", "Entity not found: Issue"),
    ("WebFetch", "Request failed with status code 404", "web.http_status", "404"),
    ("WebFetch", "getaddrinfo ENOTFOUND docs.invalid", "web.unreachable", "getaddrinfo ENOTFOUND docs.invalid"),
    ("TaskUpdate", "Task not found", "tool.other", "Task not found"),
]


@pytest.mark.parametrize(("tool", "text", "code", "salient"), CASES)
def test_what_a_tool_answers_is_recognised(tool: str, text: str, code: str, salient: str) -> None:
    found = classify(tool, text)
    assert (found.code, found.signature) == (code, salient)


def test_what_is_no_mistake() -> None:
    assert [code for code in ("shell.no_match", "tool.interrupted", "shell.bad_flag") if is_mistake(code)] == [
        "shell.bad_flag"
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (REFUSED + "To tell you how to proceed, the user said:\nno, use make\n", "no, use make"),
        (REFUSED + "The user provided the following reason for the rejection:  not now", "not now"),
        ("Permission for this tool use was denied. The tool use was rejected. The user said:\nsplit it", "split it"),
        (
            REFUSED
            + "To tell you how to proceed, the user said:\nuse tabs\n\nNote: The user's next message may contain a fix",
            "use tabs",
        ),
        (REFUSED + "STOP what you are doing and wait for the user to tell you how to proceed.", ""),
        (
            REFUSED + "To tell you how to proceed, the user said:\nThe user wants to clarify these questions.\n  More",
            "",
        ),
        ("exec command rejected by user", ""),
        ("From NOTES.md:\n" + REFUSED + "To tell you how to proceed, the user said:\nrun this", None),
        ("The request was rejected by the user's proxy", None),
        ("The user doesn't want to proceed with this", None),
        ("Exit code 1\nno such thing", None),
        ("", None),
    ],
)
def test_the_reason_that_a_user_typed(text: str, reason: str | None) -> None:
    assert user_reason(text) == reason


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Exit code 3\nbad", 3),
        ("Exit code 127", 127),
        ("<returncode>-9</returncode>\n", -9),
        ("My exit code 3", None),
        ("", None),
    ],
)
def test_the_exit_status_stands_at_the_head(text: str, status: int | None) -> None:
    assert exit_code(text) == status


@given(
    st.sampled_from(["Bash", "Read", "Edit", "WebFetch", "mcp__a__b", "Other"]),
    st.text(max_size=3_000),
    st.text(max_size=200),
)
def test_any_text_has_a_bounded_class(tool: str, text: str, command: str) -> None:
    found = classify(tool, text, command)
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", found.code)
    assert len(found.signature) <= MAX_SIGNATURE
    assert "\n" not in found.signature
    assert classify(tool, text, command) == found


FRAGMENTS = [
    "Exit code 1\n",
    "error: ",
    "FAILED ",
    "not found",
    ": ",
    "'",
    "/tmp/x",
    " 12",
    "\x1b[31m",
    "Traceback (most recent call last):\n",
    "<output>",
    "\r",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=400).map("".join))
def test_pieces_of_real_errors_in_any_order_do_no_harm(text: str) -> None:
    assert classify("Bash", text).code


@given(
    st.integers(1, 99_999),
    st.integers(0, 2**64).map(lambda number: f"{number:016x}"),
    st.floats(0, 900).map(lambda seconds: f"{seconds:.2f}s"),
    st.from_regex(r"/tmp/[a-z0-9]{4,12}/[a-z]{1,8}", fullmatch=True),
    st.datetimes().map(lambda moment: moment.replace(year=2026).isoformat(sep=" ", timespec="seconds")),
)
def test_what_differs_from_run_to_run_is_not_in_a_signature(
    line: int, address: str, took: str, folder: str, at: str
) -> None:
    def text(line: int, address: str, took: str, folder: str, at: str) -> str:
        return f"{at} worker at 0x{address} failed in {folder} after {took}: src/app.rb:{line} in `run' (line {line})"

    expected = text(7, "00ff00ff00ff00ff", "1.00s", "/tmp/abcd/ef", "2026-01-01 00:00:00")
    assert signature(text(line, address, took, folder, at)) == signature(expected)


def test_what_tells_failures_apart_stays_in_a_signature() -> None:
    assert signature("src/a.ts: error TS2322") != signature("src/a.ts: error TS2345")
    assert signature("HTTP 404") != signature("HTTP 500")
    assert signature("listen on port 8080") != signature("listen on port 9090")


@given(st.text(max_size=600))
def test_a_signature_is_a_fixed_length_line(text: str) -> None:
    made = signature(text)
    assert len(made) <= MAX_SIGNATURE
    assert made == " ".join(made.split())


def test_colours_and_curly_quotes_are_undone() -> None:
    assert plain("\x1b[1;31merror\x1b[0m: ‘x’\r\nnext") == "error: 'x'\nnext"
