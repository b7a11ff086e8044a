"""What of an error's text decides: no benign words, head and tail of a long output, the exit status alone."""

from __future__ import annotations

import re

import pytest

from gateway.perception.failures import classify
from gateway.perception.rules_build import COMPILE_RULES, MODULE_RULES
from gateway.perception.rules_check import LINT_RULES, TEST_RULES
from gateway.perception.rules_command import GIT_RULES, PLACE_RULES, SYNTAX_RULES, WORDING_RULES
from gateway.perception.rules_machine import DEATH_RULES, LEFT_RULES, MACHINE_RULES
from gateway.perception.rules_tools import CALL_RULES, FILE_RULES, WEB_RULES

RULES = (
    *(*COMPILE_RULES, *MODULE_RULES, *LINT_RULES, *TEST_RULES, *GIT_RULES, *PLACE_RULES, *SYNTAX_RULES),
    *(*WORDING_RULES, *DEATH_RULES, *LEFT_RULES, *MACHINE_RULES, *CALL_RULES, *FILE_RULES, *WEB_RULES),
)


def test_every_row_names_a_class_and_something_to_look_for() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", rule.code) for rule in RULES)
    assert all(needle.text for rule in RULES for needle in rule.needles)


@pytest.mark.parametrize(
    "text",
    [
        "The decision was taken: the latest contest is attested",
        "42 passed, 0 failed",
        "0 errors, 0 warnings, 0 informations",
        "Listening on port 8080",
        "deployment of unknown origin is optional",
        "I am not sure that I found a good option in this command",
    ],
)
def test_benign_words_are_no_failure_class(text: str) -> None:
    assert classify("Bash", f"Exit code 1\n{text}").code == "shell.exit_code"


def test_the_verdict_is_seen_behind_a_long_output() -> None:
    text = (
        "Exit code 1\n" + "collecting things and printing lines\n" * 3_000 + "FAILED tests/a_test.py::test_x - boom\n"
    )
    assert classify("Bash", text).signature == "tests/a_test.py::test_x"


def test_the_first_error_is_seen_before_a_long_output() -> None:
    text = "Exit code 2\nsrc/a.c:1:2: error: expected ';'\n" + "note that this goes on\n" * 3_000
    assert classify("Bash", text).code == "build.compile_error"
