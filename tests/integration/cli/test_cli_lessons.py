from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from host.cli import lessons
from host.connection import connected
from tests.integration.cli.agent import UNKNOWN_FLAG, Agent
from tests.integration.cli.command import Spark


def test_shows_the_lessons_of_the_current_project(spark: Spark, agent: Agent) -> None:
    told = spark("lessons", "--json").document
    assert told["project"]["root"] == str(agent.project)
    assert told["total"] == len(told["lessons"])
    fix = next(each for each in told["lessons"] if each["kind"] == "LESSON_KIND_FAILURE_FIX")
    assert fix["fix"]["worked"] == "pytest tests"
    assert "first-session" in fix["provenance"]["session_ids"]
    ended = spark("lessons")
    assert (ended.code, ended.err) == (0, "")
    assert f"{fix['lesson_id'][:8]}  failure and fix, confidence 0." in ended.out
    assert "worked: `pytest tests`" in ended.out
    assert f"  call {fix['provenance']['tool_use_ids'][-1]} and " in ended.out
    assert all(len(line) <= 80 for line in ended.out.splitlines() if str(agent.project) not in line)


def test_reads_page_by_page(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.call("page-session", 1, "ruff check .")
    agent.settle()
    monkeypatch.setattr(lessons, "PAGE", 1)

    async def read(limit: int) -> list[str]:
        async with connected(agent.home) as connection:
            found, total = await lessons.listed(connection, "", False, limit)
        assert len(found) == min(limit, total)
        return [lesson.lesson_id for lesson in found]

    everything = asyncio.run(read(1000))
    assert len(set(everything)) == len(everything) > 1
    assert asyncio.run(read(1)) == everything[:1]


def test_says_how_many_more_there_are(spark: Spark, agent: Agent) -> None:
    total = spark("lessons", "--all", "--json").document["total"]
    out = spark("lessons", "--all", "--limit", "1").out
    assert out.startswith(f"{total} lessons of all projects\n")
    assert out.endswith(f"1 of {total} shown; `--limit N` shows more.\n")


def test_says_what_to_do_where_there_is_nothing(spark: Spark, agent: Agent, tmp_path: Path) -> None:
    ended = spark("lessons", folder=tmp_path)
    assert ended.code == 0
    assert ended.out.startswith("Nothing has been learnt yet in project")
    assert "  spark import\n" in ended.out
    assert "`spark lessons --all`" in ended.out


def test_wants_one_place_only(spark: Spark) -> None:
    ended = spark("lessons", "--all", "--project", ".")
    assert ended.code == 2
    assert "exclude each other" in ended.err


def test_a_lesson_says_what_its_user_wants_and_stops_when_its_user_wants(spark: Spark, agent: Agent) -> None:
    told = spark("lessons", "--json").document["lessons"]
    fix = next(each for each in told if each.get("fix", {}).get("worked") == "pytest tests")
    named = fix["lesson_id"][:8]

    def said(session: str) -> str:
        agent.settle()
        return " ".join(agent.call(session, 1, "pytest --flaky tests", UNKNOWN_FLAG))

    own = "Our tests know no --flaky: ask Ann, not AKIAIOSFODNN7EXAMPLE."
    ended = spark("lessons", "revise", named, *own.split())
    assert (ended.code, "AKIA" in ended.out) == (0, False)
    assert ended.out.startswith("It says now: Our tests know no --flaky: ask Ann, not ")
    assert "a secret was taken out" in ended.err
    assert "ask Ann" in said("revised-session")
    assert "in your words" in spark("lessons").out
    ended = spark("lessons", "retire", named)
    assert ended.out.startswith("It is not said any more: Our tests know")
    assert "ask Ann" not in said("retired-session")
    assert "retired: the user retired it" in spark("lessons", "--retired").out
    ended = spark("lessons", "restore", named)
    assert ended.out.startswith("It is said again: Our tests know")
    document = spark("lessons", "revise", named, "--take-back", "--json").document
    assert (document["revised"], document["retired_by_user"]) == (False, False)
    assert "what worked: `pytest tests`" in said("restored-session")


def test_wants_to_know_which_lesson_and_what_it_is_to_say(spark: Spark, agent: Agent) -> None:
    for words, code, message in (
        (("retire", "abc"), 1, "at least 4 letters"),
        (("retire", "0000000000"), 1, "no lesson has the id"),
        (("revise", "0000000000"), 2, "or --take-back"),
        (("revise", "0000000000", "x" * 501), 2, "over 500 characters"),
    ):
        ended = spark("lessons", *words)
        assert (ended.code, message in ended.err) == (code, True), ended.err
