"""Failure classes of checking: the verdicts of test runners, linters and formatters."""

from __future__ import annotations

from gateway.perception.rule import Rule, row

TEST_RULES: tuple[Rule, ...] = (
    row("shell.no_such_path", "file or directory not found", r"^ERROR: file or directory not found: (\S+)"),
    row("test.none_found", "ERROR: not found:", r"^ERROR: not found: (\S+)"),
    row(
        "test.none_found",
        "no tests |No tests |No test |NO TESTS |no test files found|No examples found| deselected in ",
        r"\b[Nn]o tests? (?:ran|files? found|found|were found|were executed|to run|match(?:es)?)\b",
        r"NO TESTS RAN|^No examples found|^=*\s*\d+ deselected",
    ),
    row("test.failed", "--- FAIL: |=== FAIL: ", r"--- FAIL: (\S+)", r"^=== FAIL: (\S+ \S+)"),
    row("test.failed", "FAILED ", r"^FAILED (\S+\.\w+\S*)"),
    row(
        "test.failed",
        "FAILED|FAIL: |ERROR: ",
        r"^test (\S+) \.\.\. FAILED",
        r"^(?:FAIL|ERROR): (\w+ \([\w.]+\))",
        r"^(\w+ > \S.*) FAILED$",
    ),
    row(
        "test.failed",
        "ERROR ",
        r"^ERROR (\S+\.py\S*)",
        r"^_+ ERROR collecting (\S+) _+",
        r"ERROR at setup of (\S+)",
    ),
    row(
        "test.failed",
        "●|not ok |FAIL |[ERROR] |?rspec ./",
        r"^\s*● (.* › .*)",
        r"^not ok \d+ -? ?(.*)",
        r"^rspec (\./\S+) #",
        r"^\s*FAIL +(\S+\.\w+.*)",
        r"^\[ERROR\] +(\w+\.\w+):\d+",
    ),
    row("test.failed", " Failed ", r"^\s+Failed (\S+) \["),
    row(
        "test.failed",
        "FAIL|FAILED|FAILURES|failing tests|***Failed",
        r"^test result: FAILED()|^FAIL(?:ED|URES)?(?: \(|\b)()|There were failing tests()",
        r"\*\*\*Failed()|\[FAIL\]()|\*\*\* FAIL()",
    ),
    row(
        "test.failed",
        " failed| failing| failure| failures|Failures: |Failed: | error in | errors in |AssertionFailedError",
        r"\b[1-9]\d* (?:tests? )?(?:failed|failing|failures?)(?:$|,| in | \||\s*\(| out of)|\b[1-9]\d* errors? in \d",
        r"Failures: [1-9]|Failed: +[1-9]|AssertionFailedError|^Test Case '.*' failed",
    ),
)
"""The test runners' own verdicts."""

LINT_RULES: tuple[Rule, ...] = (
    row("lint.failed", " error ", r"^\s+\d+:\d+\s+error\s+(\S.*)"),
    row(
        "lint.failed",
        ".py:|(warning): |(error): |(info): ",
        r"^\s*(\S+\.py:\d+:\d+: (?:\[\w\] )?[A-Z]{1,4}\d{2,5}\b.*)",
        r"\b(SC\d{4}) \(",
    ),
    row("lint.failed", "--> ", r"^\s*--> (\S+\.\w+):\d+:\d+"),
    row(
        "lint.failed",
        "...Failed|hook id: |would reformat|be reformatted|[warn] |Diff in |would be formatted",
        r"^(.+?)\.{3,}(?:\([^)]*\))?Failed$",
        r"^- hook id: (\S+)",
        r"would reformat (\S+)",
        r"^(\S+) would be reformatted",
        r"\[warn\] (\S+\.\w+)",
        r"^Diff in (\S+)",
    ),
    row(
        "lint.failed",
        "offense detected|offenses detected|✖|style issues|incorrectly sorted| error|issues:|hook exited| broken",
        r"offenses? detected|✖ \d+ problems?|style issues|incorrectly sorted",
        r"^Found \d+ errors?\b|^\d+ issues?:|hook exited|[1-9]\d* broken",
    ),
)
"""The verdicts of linters and formatters."""
