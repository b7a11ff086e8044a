from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from host.cli import lessons
from host.connection import connected
from tests.integration.cli.agent import Agent
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
