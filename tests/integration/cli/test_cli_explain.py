from __future__ import annotations

from pathlib import Path

from tests.integration.cli.agent import UNKNOWN_FLAG, Agent
from tests.integration.cli.command import Spark


def test_shows_what_was_said_and_where_it_comes_from(spark: Spark, agent: Agent) -> None:
    ended = spark("explain", "second-session")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Session second-session of claude-code, project ")
    call = ended.out.index(": Bash `pytest --flaky tests`")
    said = ended.out.index("said\n    `pytest --flaky tests` failed here before", call)
    source = ended.out.index("failure and fix: seen ", said)
    assert "first-se" in ended.out[source : source + 160]
    assert all(len(line) <= 80 for line in ended.out.splitlines())


def test_shows_the_newest_last_and_why_nothing_was_said(spark: Spark, agent: Agent) -> None:
    told = spark("explain", "first-session", "--json").document["decisions"]
    stamps = [decided["envelope"]["occurred_at"] for decided in told]
    assert stamps == sorted(stamps)
    assert len(stamps) == agent.decisions["first-session"]
    out = spark("explain", "first-session").out
    assert out.index("before the call: Bash `pytest --flaky tests`") < out.index("after the call: Bash `pytest tests`")
    assert "silent: nothing learnt fits" in out
    assert "; no model: " in out


def test_shows_what_was_held_back_and_why(spark: Spark, agent: Agent) -> None:
    # What was shown a moment ago is not shown to the same session again.
    agent.call("held-session", 1, "pytest --flaky tests", UNKNOWN_FLAG)
    agent.call("held-session", 2, "pytest --flaky tests", UNKNOWN_FLAG)
    agent.settle()
    out = spark("explain", "held-session").out
    assert "held back\n    `pytest --flaky tests` failed here before" in out
    held = out[out.index("held back") :]
    assert "      because " in held


def test_finds_a_session_by_its_beginning(spark: Spark, agent: Agent) -> None:
    told = spark("explain", "second", "--last", "1", "--json").document["decisions"]
    assert [decided["envelope"]["session_id"] for decided in told] == ["second-session"]


def test_keeps_to_what_was_said_where_that_is_asked(spark: Spark, agent: Agent) -> None:
    told = spark("explain", "second-session", "--said", "--json").document["decisions"]
    assert told
    assert all(decided["decision"]["text"] for decided in told)
    assert spark("explain", "first-session", "--said", "--json").document == {"decisions": [], "advice": []}


def test_keeps_to_one_project_where_that_is_asked(spark: Spark, agent: Agent, tmp_path: Path) -> None:
    assert spark("explain", "--project", str(agent.project), "--json").document["decisions"]
    nothing = spark("explain", "--project", str(tmp_path))
    assert nothing.code == 0
    assert nothing.out.startswith("There is no decision yet.\n")
