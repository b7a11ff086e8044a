"""Gemini's chats are imported beside what was seen of their sessions live: nothing counts twice, nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.recordings.gemini_session import MISSING, GeminiSession, post
from tests.integration.recordings.test_recordings import spark, wait_for
from tests.integration.recordings.test_recordings_again import imported

FOLDER = "/srv/gemini"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The home of a Spark that is up."""
    home = tmp_path_factory.mktemp("up") / "spark"
    spark(home, "up", "--detach", "--http-port", "0", "--grpc-port", "0")
    yield home
    spark(home, "down")


@pytest.fixture
def keeps(tmp_path: Path) -> Path:
    """A user's `.gemini`."""
    return tmp_path / ".gemini"


def times_seen(home: Path, word: str) -> int:
    """How often the failure was seen that a lesson with the word is about."""
    lessons: list[dict[str, Any]] = json.loads(spark(home, "lessons", "--all", "--json"))["lessons"]
    return sum(lesson["provenance"]["occurrences"] for lesson in lessons if word in lesson["text"])


def moments(home: Path, keeps: Path) -> tuple[int, int]:
    """Moments new and known after an import."""
    new, known, _ = imported(home, keeps / "tmp")
    return new, known


def test_a_session_never_seen_live_teaches_once_and_in_all_clients(up: Path, keeps: Path) -> None:
    GeminiSession(keeps, FOLDER).learns("never")
    assert moments(up, keeps) == (3, 0)
    lessons = spark(up, "lessons", "--all", "--json")
    assert moments(up, keeps) == (0, 3)
    assert spark(up, "lessons", "--all", "--json") == lessons
    failing = {"tool_name": "Bash", "tool_input": {"command": "never all"}, "tool_use_id": "toolu_1"}
    common = {"hook_event_name": "PostToolUseFailure", "session_id": str(uuid4()), "cwd": FOLDER}
    told = post(up, "claude-code", {**common, **failing, "error": f"Exit code 127\n{MISSING.format('never')}"})
    assert "npx never all" in told.json()["hookSpecificOutput"]["additionalContext"]


def test_a_session_seen_live_teaches_nothing_again_until_it_is_forgotten(up: Path, keeps: Path) -> None:
    live = GeminiSession(keeps, FOLDER, now=datetime.now(UTC), hooks=up)
    live.learns("seen")
    assert wait_for(lambda: times_seen(up, "seen all") == 1)
    assert moments(up, keeps) == (0, 3)
    assert times_seen(up, "seen all") == 1
    spark(up, "forget", "--session", live.session, "--yes")
    assert moments(up, keeps) == (3, 0)
    assert times_seen(up, "seen all") == 1


def test_what_hooks_did_not_see_of_a_session_is_learnt(up: Path, keeps: Path) -> None:
    session = GeminiSession(keeps, FOLDER)
    session.learns("unseen")
    session.resumed(datetime.now(UTC), up)
    session.learns("partly")
    assert wait_for(lambda: times_seen(up, "partly all") == 1)
    assert moments(up, keeps) == (3, 3)
    assert (times_seen(up, "unseen all"), times_seen(up, "partly all")) == (1, 1)
    assert moments(up, keeps) == (0, 6)


def test_a_session_that_goes_on_live_after_its_import_is_seen(up: Path, keeps: Path) -> None:
    session = GeminiSession(keeps, FOLDER)
    session.learns("resumed")
    assert moments(up, keeps) == (3, 0)
    session.resumed(datetime.now(UTC), up)
    session.learns("resumed")
    assert wait_for(lambda: times_seen(up, "resumed all") == 2), "the same call, but made again"
    assert moments(up, keeps) == (0, 6)
    assert times_seen(up, "resumed all") == 2


def test_a_sub_agent_s_calls_were_seen_live_as_its_parent_s(up: Path, keeps: Path) -> None:
    parent = GeminiSession(keeps, FOLDER, now=datetime.now(UTC), hooks=up)
    agent = GeminiSession(keeps, FOLDER, now=parent.now, session=parent.session, agent=str(uuid4()), hooks=up)
    agent.learns("helped")
    assert wait_for(lambda: times_seen(up, "helped all") == 1)
    assert moments(up, keeps) == (0, 2), "its prompt is its parent's"
    alone = GeminiSession(keeps, FOLDER, session=str(uuid4()), agent=str(uuid4()))
    alone.learns("alone")
    assert moments(up, keeps) == (2, 2)


def test_damage_costs_nothing_else_and_is_named(up: Path, keeps: Path) -> None:
    torn, good = GeminiSession(keeps, FOLDER), GeminiSession(keeps, FOLDER)
    torn.learns("torn")
    torn.path.write_bytes(torn.path.read_bytes() + b'{"id": "x", "type": "gem')
    good.learns("whole")
    lost = torn.path.with_name("session-2026-03-02T09-00-00000000.jsonl")
    lost.write_text(json.dumps({"sessionId": "lost", "projectHash": "0" * 64, "startTime": good.stamp()}) + "\n")
    (torn.path.with_name("session-2025-03-02T09-00-00000000.json")).write_text("{\n no document")
    report = json.loads(spark(up, "import", keeps, "--json"))
    assert report["moments"]["new"] == 6
    places = {(Path(place["path"]).name[8:12], place["line"]): place["reason"] for place in report["unreadable"]}
    assert ("2026", 5) in places
    assert ("2025", 2) in places
    assert "--project" in places["2026", 1]
    named = json.loads(spark(up, "import", lost, "--project", FOLDER, "--json"))
    assert named["unreadable"] == []
