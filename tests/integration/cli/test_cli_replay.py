"""What `spark replay` refuses before anything is played."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.command import QuickSpark, environment


@pytest.fixture
def spark(tmp_path: Path) -> QuickSpark:
    """The command in an empty folder."""
    return QuickSpark(tmp_path, environment(tmp_path / "home", tmp_path / "user"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of one call."""
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps({"session": "one", "idx": 0, "tool": "Bash", "input": "ls", "outcome": "ok"}) + "\n")
    return path


def test_what_was_learnt_before_must_not_be_scored(spark: QuickSpark, table: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "token").write_text("x")

    ended = spark("replay", str(table), "--home", str(kept), "--score", str(tmp_path / "report.json"))

    assert ended.code == 1
    assert "Name a new folder" in ended.err
    assert not (tmp_path / "report.json").exists()


def test_a_report_without_a_folder_is_refused_at_once(spark: QuickSpark, table: Path, tmp_path: Path) -> None:
    ended = spark("replay", str(table), "--score", str(tmp_path / "missing" / "report.json"))

    assert ended.code == 1
    assert "create it first" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("name", ["notes.jsonl", "notes.txt"])
def test_where_there_is_nothing_to_replay_it_says_what_could_be(spark: QuickSpark, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{torn\n" * 12)

    ended = spark("replay", str(tmp_path / name))

    assert ended.code == 1
    assert "idx, outcome, session, tool" in ended.err
    assert name in ended.err
    if name.endswith(".jsonl"):
        assert f"{name}:1:" in ended.err
        assert ended.err.count(name) == 11
        assert "more" in ended.err.splitlines()[-1]


def test_an_empty_folder_holds_nothing_to_replay(spark: QuickSpark, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    ended = spark("replay", str(tmp_path / "empty"), "--json")

    assert ended.code == 1
    assert "there is nothing to replay" in ended.err
