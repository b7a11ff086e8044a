"""`spark doctor` asks through what is installed, and names what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from host.home import read_run
from tests.integration.cli.command import QuickSpark, Spark, environment


def on_machine(spark: Spark, *names: str) -> None:
    """Has agents be on this machine, by the folders that they leave."""
    for name in names:
        folder = ".config/opencode" if name == "opencode" else f".{name}"
        (Path(spark.environment["HOME"]) / folder).mkdir(parents=True)


@pytest.fixture
def spark(home: Path, tmp_path: Path) -> Spark:
    """The command where no agent is, against the Spark that is up at a port that lasts."""
    running = read_run(home)
    assert running is not None
    folder = tmp_path.resolve() / "work"
    folder.mkdir()
    told = environment(home, tmp_path.resolve() / "user")
    return QuickSpark(folder, {**told, "PATH": "/usr/bin:/bin", "SPARK_HTTP_PORT": running.http.rpartition(":")[2]})


def told(spark: Spark, code: int) -> Any:
    ended = spark("doctor", "--json")
    assert ended.code == code
    return ended.document


def test_all_is_well_where_every_agent_was_answered(spark: Spark) -> None:
    on_machine(spark, "claude", "codex", "gemini", "cursor", "copilot", "opencode")
    assert spark("hooks", "install", "all", "--trust").code == 0
    document = told(spark, 0)
    assert (document["healthy"], document["problems"]) == (True, [])
    asked = {each["client"]: [trip["answered"] for trip in each["round_trips"]] for each in document["clients"]}
    once = {client: [True] for client in ("codex", "gemini", "cursor", "copilot", "opencode")}
    assert asked == {"claude-code": [True, True], **once}
    ended = spark("doctor")
    assert (ended.code, ended.out.count("all is well")) == (0, 6)


def test_an_empty_object_of_the_command_s_own_is_no_answer(spark: Spark, home: Path) -> None:
    on_machine(spark, "cursor")
    assert spark("hooks", "install", "cursor").code == 0
    settings = Path(spark.environment["HOME"]) / ".cursor" / "hooks.json"
    settings.write_text(settings.read_text().replace(f"--home {home}", f"--home {home}/gone"))
    (cursor,) = told(spark, 1)["clients"]
    assert [trip["answered"] for trip in cursor["round_trips"]] == [False]


def test_what_is_wrong_is_named_with_what_to_do(spark: Spark) -> None:
    on_machine(spark, "claude", "codex", "gemini")
    assert spark("hooks", "install", "claude-code", "codex", "--no-trust").code == 0
    settings = Path(spark.environment["CLAUDE_CONFIG_DIR"]) / "settings.json"
    settings.write_text(settings.read_text().replace("Bearer ", "Bearer not-"))
    claude, codex, gemini = told(spark, 1)["clients"]
    assert "user: they send another token than this Spark's" in claude["problems"]
    assert [trip["answered"] for trip in claude["round_trips"]] == [False, True]
    assert any("`spark hooks install claude-code --user`" in problem for problem in claude["problems"])
    assert any("--trust" in problem for problem in codex["problems"])
    assert [trip["answered"] for trip in codex["round_trips"]] == [True]
    assert gemini["problems"] == ["not installed: `spark hooks install gemini`"]
    assert "something is wrong" in spark("doctor").out


def test_a_shim_that_is_gone_answers_nothing(spark: Spark, home: Path) -> None:
    on_machine(spark, "gemini")
    assert spark("hooks", "install", "gemini").code == 0
    settings = Path(spark.environment["HOME"]) / ".gemini" / "settings.json"
    text = settings.read_text()
    settings.write_text(text.replace(f"{home}/bin", f"{home}/gone/bin"))
    (gemini,) = told(spark, 1)["clients"]
    assert [trip["answered"] for trip in gemini["round_trips"]] == [False]
    assert "user: the program that they run is gone, or may not be run" in gemini["problems"]
    settings.write_text(json.dumps({"hooks": []}))
    (gemini,) = told(spark, 1)["clients"]
    assert "is not an object" in gemini["problems"][0]


def test_without_spark_and_agents_both_are_said(tmp_path: Path) -> None:
    told_of = environment(tmp_path / "home", tmp_path / "user")
    ended = QuickSpark(tmp_path, {**told_of, "PATH": "/usr/bin:/bin"})("doctor")
    assert ended.code == 1
    assert "`spark up --detach` starts it" in ended.out
    assert "was found on this machine" in " ".join(ended.out.split())
