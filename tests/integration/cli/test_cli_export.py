"""`spark export` and `spark forget --telemetry`, on what an agent has done."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.integration.cli.agent import Agent
from tests.integration.cli.command import Spark, environment


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    """A Spark that an agent has worked with in two sessions."""
    folder: Path = tmp_path_factory.mktemp("export").resolve()
    spark = Spark(folder, environment(folder / "home", folder / "user"))
    assert spark("up", "--detach", "--http-port", "0", "--grpc-port", "0").code == 0
    agent = Agent(folder / "home", folder)
    agent.stumble("first-session")
    agent.stumble("second-session")
    yield spark
    assert spark("down").code == 0


def test_all_is_exported_as_lines_with_progress_apart(worked: Spark) -> None:
    ended = worked("export")
    assert ended.code == 0
    kinds = [next(iter(json.loads(line))) for line in ended.out.splitlines()]
    assert kinds.count("session") == 2
    assert kinds.count("moment") == 8
    assert kinds.count("decision") == 8
    assert "2 sessions" in ended.err


def test_a_session_can_be_written_to_a_file_of_ones_own(worked: Spark, tmp_path: Path) -> None:
    out = tmp_path / "session.jsonl"
    assert worked("export", "--session", "first-session", "--out", str(out)).code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert {record["session"]["session_id"] for record in records if "session" in record} == {"first-session"}
    refused = worked("export", "--out", str(out))
    assert (refused.code, "is there already" in refused.err) == (1, True)
    assert not list(tmp_path.glob("*.part"))


def test_what_was_seen_can_be_erased_and_lessons_stay(worked: Spark) -> None:
    assert "nothing was erased" in worked("forget", "--telemetry", typed="n\n").err
    assert worked("forget", "--telemetry", "--yes", "--json").document == {"decisions": 8}
    ended = worked("export")
    assert (ended.out, "nothing" in ended.err) == ("", True)
    assert worked("report", "--json").document["window"]["decisions"] == 0
    assert worked("lessons", "--json").document["lessons"]
