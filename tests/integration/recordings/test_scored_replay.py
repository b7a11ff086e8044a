"""`spark replay --score` on a flat table, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.recordings.test_recordings import spark

UNKNOWN = "Exit code 1\nerror: unknown flag: --fast"
FILLER = 100
"""Calls of the class, so that the word of the fix is rare among them."""


def row(session: str, index: int, at: str, command: str, error: str = "") -> dict[str, Any]:
    """A row of a table of calls."""
    return {
        "session": session,
        "idx": index,
        "ts": at,
        "tool": "Bash",
        "target": "mycli build",
        "input": json.dumps({"command": command}),
        "outcome": "error" if error else "ok",
        "error_class": "sh:bad_flag" if error else "",
        "error": error,
        "prompt_idx": 1,
    }


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two sessions go wrong in the same way, and find the same way out."""
    rows = [
        row("filler", number, f"2026-03-02T09:{number // 60:02}:{number % 60:02}Z", "mycli build")
        for number in range(FILLER)
    ]
    for session, hour in (("first", 10), ("second", 11)):
        rows.append(row(session, 0, f"2026-03-02T{hour}:00:00Z", "mycli build --fast", UNKNOWN))
        rows.append(row(session, 1, f"2026-03-02T{hour}:01:00Z", "mycli build --quick"))
    path = tmp_path / "their_tool_events.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def scored(tmp_path: Path, *words: str | Path) -> tuple[dict[str, Any], str]:
    """The report and what was printed."""
    file = tmp_path / "report.json"
    printed = spark(tmp_path / "home", "replay", "--quiet", "--score", file, *words)
    return json.loads(file.read_text()), printed


def test_a_fix_of_the_project_is_told_and_counted_and_without_its_history_it_is_not(
    tmp_path: Path, table: Path
) -> None:
    known, printed = scored(tmp_path, table)
    alone, _ = scored(tmp_path, table, "--without-history")

    inputs = known["inputs"]
    assert (inputs["calls"], inputs["sessions"], inputs["failing"], inputs["pairs"]) == (FILLER + 4, 3, 2, 2)
    assert known["measures"]["fixed"]["count"] == known["measures"]["fixed"]["of"] == 1
    assert known["measures"]["warned"]["of"] == 1
    assert known["measures"]["noise"]["delivered"] >= 1
    answered = known["measures"]["routes"]["answered"]
    assert (answered["count"], answered["of"]) == (
        inputs["decisions"],
        inputs["decisions"] + inputs["decisions_missing"],
    )
    assert "fixed" in printed
    assert max(map(len, printed.splitlines())) <= 80 + len(str(tmp_path))
    assert (alone["run"]["own_history"], alone["inputs"]["projects"]) == (False, 3)
    assert alone["measures"]["noise"]["delivered"] == alone["measures"]["warned"]["of"] == 0
