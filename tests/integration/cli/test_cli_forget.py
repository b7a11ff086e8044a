from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.agent import Agent
from tests.integration.cli.command import Spark


@pytest.fixture
def other(home: Path, tmp_path: Path) -> Agent:
    """An agent in a project of its own."""
    folder = tmp_path.resolve() / "other"
    folder.mkdir()
    return Agent(home, folder)


def test_erases_a_project_and_says_what_went(spark: Spark, other: Agent) -> None:
    other.stumble("forget-project")
    assert spark("lessons", "--project", str(other.project), "--json").document["total"] > 0
    gone = spark("forget", "--project", str(other.project), "--yes", "--json")
    assert gone.code == 0
    assert int(gone.document["moments"]) == 4
    assert int(gone.document["lessons"]) > 0
    assert int(gone.document["decisions"]) == other.decisions["forget-project"]
    assert spark("lessons", "--project", str(other.project), "--json").document["lessons"] == []
    assert spark("explain", "forget-project", "--json").document["decisions"] == []


def test_erases_a_session_once_it_is_agreed_to(spark: Spark, other: Agent) -> None:
    other.stumble("forget-session")
    refused = spark("forget", "--session", "forget-session", typed="n\n")
    assert refused.code == 1
    assert refused.out == ""
    assert "decisions, all moments, and the lessons that rest on them" in refused.err
    assert "session\nforget-session" in refused.err or "session forget-session" in refused.err
    assert spark("explain", "forget-session", "--json").document["decisions"]
    agreed = spark("forget", "--session", "forget-session", typed="y\n")
    assert agreed.code == 0
    assert agreed.out.startswith("Erased of session forget-session: 4 moments, ")
    assert spark("explain", "forget-session", "--json").document["decisions"] == []


def test_erases_nothing_where_nobody_answers(spark: Spark, other: Agent) -> None:
    other.stumble("forget-nobody")
    ended = spark("forget", "--project", str(other.project))
    assert ended.code == 1
    assert "nothing was erased; --yes erases without asking" in ended.err
    assert spark("lessons", "--project", str(other.project), "--json").document["total"] > 0


@pytest.mark.parametrize("words", [("--session", "never-seen"), ("--project-id", "0123456789abcdef")])
def test_says_so_where_there_was_nothing(spark: Spark, words: tuple[str, str]) -> None:
    ended = spark("forget", *words, "--yes")
    assert ended.code == 0
    assert ended.out == f"Nothing was there of {words[0].removeprefix('--').removesuffix('-id')} {words[1]}.\n"


@pytest.mark.parametrize("words", [(), ("--session", "a", "--project-id", "b"), ("--session", "")])
def test_wants_one_subject(spark: Spark, words: tuple[str, ...]) -> None:
    ended = spark("forget", *words, "--yes")
    assert ended.code == 2
    assert "name one of --session ID, --project DIR, --project-id ID" in ended.err
