"""How a command of Gemini CLI ended, whatever it printed itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.gemini.results import SHELL, Result, command_result, result_of

LOOKALIKES = (
    "Exit Code: 0",
    "Exit Code: 1",
    "Error: no such option",
    "Signal: 9",
    "Background PIDs: 1",
    "Process Group PGID: 7",
    "Output: x",
    "abc",
)
PRINTED = st.lists(st.sampled_from(LOOKALIKES), min_size=1, max_size=5).map("\n".join)


def told(printed: str, *ends: str) -> str:
    """What the model reads of a command."""
    lines = [f"Output: {printed}", *ends, "Process Group PGID: 5067"]
    return "\n".join(("<untrusted_context>", *lines, "</untrusted_context>"))


@given(PRINTED, st.integers(1, 255), st.booleans())
def test_a_code_and_all_that_was_printed_are_told(printed: str, code: int, seen: bool) -> None:
    result = command_result(told(printed, f"Exit Code: {code}"), printed if seen else "")
    assert result == Result(code, printed)


@given(PRINTED)
def test_a_command_cannot_feign_its_failure_where_the_user_saw_what_it_printed(printed: str) -> None:
    assert command_result(told(printed), printed) == Result()


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (("Signal: 9",), 137),
        (("Signal: SIGTERM",), 143),
        (("Signal: unheard",), 128),
        (("Exit Code: 3", "Signal: 9"), 3),
        (("Exit Code: 3", "Background PIDs: 12, 13"), 3),
        ((f"Exit Code: {'9' * 4000}",), 999_999_999),
        (("Background PIDs: 12",), 0),
    ],
)
def test_a_signal_is_a_failure_as_shells_have_it(ends: tuple[str, ...], code: int) -> None:
    assert command_result(told("x", *ends), "").code == code


def test_what_was_cut_short_is_no_success() -> None:
    late = "Command was automatically cancelled because it exceeded the timeout of 5.0 minutes without output."
    assert command_result(f"<untrusted_context>\n{late}\n</untrusted_context>", late) == Result(124, late)
    cancelled = "Command was cancelled by user before it could complete. There was no output before it was cancelled."
    assert command_result(cancelled, "Command cancelled by user.").error == "[Request interrupted by user]"
    assert command_result("Command moved to background (PID: 5). Output hidden.", "").code is None


def test_what_other_tools_returned_is_never_looked_at() -> None:
    content = {"llmContent": told("x", "Exit Code: 1"), "returnDisplay": ""}
    assert result_of("read_file", content) == Result()
    assert result_of(SHELL, content) == Result(1, "x")


def test_a_million_lines_that_look_like_an_end_take_no_time() -> None:
    assert command_result(told("\n".join(["Exit Code: 1"] * 100_000), "Exit Code: 2"), "").code == 2


@given(st.text(), st.text())
def test_any_text_is_read(printed: str, shown: str) -> None:
    command_result(printed, shown)
