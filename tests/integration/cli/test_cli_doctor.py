"""`spark doctor` asks through what is installed, and names what is wrong."""

from __future__ import annotations

import json
import socket
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
    shim = home / "bin" / "spark-hook"
    shim.rename(home / "bin" / "elsewhere")
    try:
        (cursor,) = told(spark, 1)["clients"]
    finally:
        (home / "bin" / "elsewhere").rename(shim)
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
    assert (gemini["problems"], len(gemini["notes"])) == ([], 1)
    assert "`spark hooks install gemini`" in gemini["notes"][0]
    assert "something is wrong" in spark("doctor").out


@pytest.mark.parametrize("value", ["Bearer \u00fc\u20ac", "Bearer \ud800", 17, ["Bearer"], None])
def test_a_header_that_cannot_be_sent_is_no_traceback(spark: Spark, value: object) -> None:
    on_machine(spark, "claude")
    assert spark("hooks", "install", "claude-code").code == 0
    settings = Path(spark.environment["CLAUDE_CONFIG_DIR"]) / "settings.json"
    document = json.loads(settings.read_text())
    for groups in document["hooks"].values():
        for entry in (entry for group in groups for entry in group["hooks"] if entry["type"] == "http"):
            entry["headers"]["Authorization"] = value
    settings.write_text(json.dumps(document))
    (claude,) = told(spark, 1)["clients"]
    assert [trip["answered"] for trip in claude["round_trips"]] == [False, True]
    cannot = isinstance(value, str)
    assert any("a header has letters outside ASCII" in each for each in claude["problems"]) is cannot


@pytest.mark.parametrize(
    ("agent", "others", "own", "said"),
    [
        ("claude-code", {"hooksConfig": {"enabled": False}}, {"disableAllHooks": True}, "disableAllHooks is true"),
        ("gemini", {"disableAllHooks": True}, {"hooksConfig": {"enabled": False}}, "hooksConfig.enabled is false"),
    ],
)
def test_what_switches_all_hooks_off_is_named_as_it_stands_there(
    spark: Spark, agent: str, others: dict[str, object], own: dict[str, object], said: str
) -> None:
    folder = agent.removesuffix("-code")
    on_machine(spark, folder)
    assert spark("hooks", "install", agent).code == 0
    settings = Path(spark.environment["HOME"]) / f".{folder}" / "settings.json"
    wired = json.loads(settings.read_text())
    settings.write_text(json.dumps({**wired, **others}))
    told(spark, 0)
    settings.write_text(json.dumps({**wired, **own}))
    (found,) = told(spark, 1)["clients"]
    assert f"user: {said} in this file, which switches all hooks off" in found["problems"]


def test_what_runs_elsewhere_is_told_of_and_not_run(spark: Spark, home: Path) -> None:
    on_machine(spark, "gemini")
    assert spark("hooks", "install", "gemini").code == 0
    settings = Path(spark.environment["HOME"]) / ".gemini" / "settings.json"
    text = settings.read_text()
    settings.write_text(text.replace(f"{home}/bin", f"{home}/gone/bin"))
    (gemini,) = told(spark, 1)["clients"]
    assert gemini["round_trips"] == []
    assert "user: they run another command than this Spark's" in gemini["problems"]
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


FOREIGN = {
    "codex": (".codex/hooks.json", "Stop", "touch {mark}; : /bin/spark-hook --client codex "),
    "gemini": (".gemini/settings.json", "AfterAgent", "touch {mark}; : /bin/spark-hook --client gemini "),
    "claude-code": (".claude/settings.local.json", "SessionStart", "touch {mark}; : /bin/spark-session-start.py"),
}


@pytest.mark.parametrize("client", FOREIGN)
def test_what_a_repository_would_run_is_not_run(spark: Spark, client: str) -> None:
    """Whoever looks for faults in a clone must not run what its settings bring along."""
    file, event, command = FOREIGN[client]
    mark, settings = spark.folder.parent / "mark", spark.folder / file
    settings.parent.mkdir()
    entry = {"type": "command", "command": command.format(mark=mark), "timeout": 1}
    settings.write_text(json.dumps({"hooks": {event: [{"hooks": [entry]}]}}))
    on_machine(spark, client.removesuffix("-code"))
    (found,) = told(spark, 1)["clients"]
    assert not mark.exists()
    assert (found["scopes"][1]["installed"], found["round_trips"]) == (True, [])
    assert any("another command than this Spark's" in problem for problem in found["problems"])


def test_a_token_is_sent_to_no_other_address(spark: Spark) -> None:
    on_machine(spark, "claude")
    assert spark("hooks", "install", "claude-code").code == 0
    settings = Path(spark.environment["CLAUDE_CONFIG_DIR"]) / "settings.json"
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        address = f"http://127.0.0.1:{stranger.getsockname()[1]}/v1/hooks/claude-code"
        text = settings.read_text()
        settings.write_text(
            text.replace(f"http://127.0.0.1:{spark.environment['SPARK_HTTP_PORT']}/v1/hooks/claude-code", address)
        )
        assert settings.read_text() != text
        told(spark, 1)
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.accept()


def test_odd_settings_end_in_no_traceback(spark: Spark) -> None:
    settings = spark.folder / ".claude" / "settings.local.json"
    settings.parent.mkdir()
    settings.write_text('{"hooks": {"UserPromptSubmit": ["x", {"hooks": ["s", {"hooks": 1}]}]}}')
    on_machine(spark, "claude")
    assert spark("hooks", "install", "claude-code", "--project").code == 0
    told(spark, 0)


def test_a_project_that_codex_does_not_trust_is_told_of(spark: Spark) -> None:
    on_machine(spark, "codex")
    installed = spark("hooks", "install", "codex", "--project", "--trust")
    assert "runs no hooks of a project that it does not trust" in " ".join(installed.err.split())
    (codex,) = told(spark, 1)["clients"]
    assert any("runs no hooks of a project" in problem for problem in codex["problems"])
    config = Path(spark.environment["HOME"]) / ".codex" / "config.toml"
    config.write_text(f'[projects."{spark.folder}"]\ntrust_level = "trusted"\n\n{config.read_text()}')
    told(spark, 0)


def test_a_broken_config_of_codex_is_named(spark: Spark) -> None:
    on_machine(spark, "codex")
    assert spark("hooks", "install", "codex", "--trust").code == 0
    config = Path(spark.environment["HOME"]) / ".codex" / "config.toml"
    config.write_text("[broken")
    (codex,) = told(spark, 1)["clients"]
    assert codex["scopes"][0]["installed"]
    assert any(str(config) in problem and "not valid TOML" in problem for problem in codex["problems"])
    # The trust goes first: left behind, nobody could tell any more what it was for.
    ended = spark("hooks", "uninstall", "codex")
    assert (ended.code, "not valid TOML" in " ".join(ended.err.split())) == (1, True)
    assert told(spark, 1)["clients"][0]["scopes"][0]["installed"]


def test_while_hooks_leave_spark_alone_no_installation_is_advised(spark: Spark, home: Path) -> None:
    on_machine(spark, "gemini")
    assert spark("hooks", "install", "gemini").code == 0
    breaker = home / "hook-breaker"
    breaker.touch(0o600)
    breaker.write_bytes(b"3\n")
    try:
        document = told(spark, 1)
    finally:
        breaker.unlink(missing_ok=True)
    assert "leave Spark alone" in document["problems"][0]
    assert all("hooks install" not in problem for problem in document["clients"][0]["problems"])
