from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.clients.claude_code.hooks_file import EVENTS, HTTP_EVENTS
from host.home import DEFAULT_HTTP_PORT, read_run
from tests.integration.cli.command import QuickSpark, Spark, environment

INSTALL = ("hooks", "install", "claude-code")
UNINSTALL = ("hooks", "uninstall", "claude-code")
STATUS = ("hooks", "status", "claude-code", "--json")


@pytest.fixture
def spark(home: Path, project: Path, tmp_path: Path) -> Spark:
    """The command in the project's folder, against the Spark that is up."""
    return QuickSpark(project, environment(home, tmp_path / "user"))


@pytest.fixture
def down(tmp_path: Path) -> Spark:
    """The command where no Spark is up."""
    folder = tmp_path.resolve() / "work"
    folder.mkdir()
    return QuickSpark(folder, environment(tmp_path / "home", tmp_path / "user"))


def user_file(spark: Spark) -> Path:
    return Path(spark.environment["CLAUDE_CONFIG_DIR"]) / "settings.json"


def entries(settings: Path, event: str) -> list[dict[str, Any]]:
    groups = json.loads(settings.read_text())["hooks"][event]
    return [entry for group in groups for entry in group["hooks"]]


def test_what_is_installed_reaches_the_spark_that_is_up(spark: Spark, home: Path) -> None:
    # In a process of its own, as the entries name the program that ran it.
    ended = Spark(spark.folder, spark.environment)(*INSTALL, "--timeout", "3")
    running = read_run(home)
    assert running is not None
    assert ended.code == 0
    assert str(user_file(spark)) in ended.out
    (entry,) = entries(user_file(spark), "PreToolUse")
    assert entry["url"].startswith(running.http)
    assert entry["timeout"] == 3
    body = {"session_id": "wired", "cwd": str(spark.folder), "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    call = {**body, "tool_input": {"command": "ls"}, "tool_use_id": "toolu_wired"}
    reply = httpx.post(entry["url"], json=call, headers=entry["headers"], trust_env=False)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert int(reply.headers["spark-sequence"]) > 0


def test_the_session_start_command_runs(spark: Spark, home: Path) -> None:
    assert spark(*INSTALL).code == 0
    (entry,) = entries(user_file(spark), "SessionStart")
    event = {"session_id": "start", "cwd": str(spark.folder), "hook_event_name": "SessionStart", "source": "startup"}
    done = subprocess.run(
        ["sh", "-c", entry["command"]], input=json.dumps(event), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), dict)


def test_installing_again_changes_nothing(spark: Spark) -> None:
    first = spark(*INSTALL, "--json").document
    assert (first["changed"], first["added"]) == (True, list(EVENTS))
    before = user_file(spark).read_bytes()
    again = spark(*INSTALL, "--json").document
    assert (again["changed"], again["kept"]) == (False, list(EVENTS))
    assert user_file(spark).read_bytes() == before
    assert "nothing was changed" in spark(*INSTALL).out


def test_uninstalling_leaves_the_users_file_as_it_was(spark: Spark) -> None:
    own = {"model": "opus", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}}
    user_file(spark).parent.mkdir(parents=True)
    user_file(spark).write_text(json.dumps(own, indent=4) + "\n")
    before = user_file(spark).read_bytes()
    installed = spark(*INSTALL, "--json").document
    assert Path(installed["backup"]).read_bytes() == before
    assert len(entries(user_file(spark), "Stop")) == 2
    removed = spark(*UNINSTALL)
    assert removed.code == 0
    assert removed.out.startswith("Claude Code calls Spark no more.\n")
    assert user_file(spark).read_bytes() == before
    assert spark(*UNINSTALL).out.startswith("Nothing of Spark's was there.\n")


def test_a_file_that_others_may_read_is_warned_of(spark: Spark) -> None:
    user_file(spark).parent.mkdir(parents=True)
    user_file(spark).write_text("{}")
    user_file(spark).chmod(0o644)
    ended = spark(*INSTALL)
    assert ended.code == 0
    assert "other users of this machine may read it" in " ".join(ended.err.split())


def test_a_port_that_will_not_last_is_warned_of(spark: Spark, home: Path) -> None:
    running = read_run(home)
    assert running is not None
    assert "only until it stops" in " ".join(spark(*INSTALL).err.split())
    assert spark(*INSTALL, given={"SPARK_HTTP_PORT": running.http.rpartition(":")[2]}).err == ""


def test_a_file_that_is_not_json_stays_untouched(spark: Spark) -> None:
    user_file(spark).parent.mkdir(parents=True)
    user_file(spark).write_text("{ // mine\n}")
    for words in (INSTALL, UNINSTALL):
        ended = spark(*words)
        assert (ended.code, ended.out) == (1, "")
        assert "is not valid JSON" in ended.err
    assert user_file(spark).read_text() == "{ // mine\n}"
    user = spark(*STATUS).document["scopes"][0]
    assert (user["installed"], "is not valid JSON" in user["troubles"][0]) == (False, True)


def test_status_tells_what_is_wired_and_what_is_wrong(down: Spark) -> None:
    assert [scope["installed"] for scope in down(*STATUS).document["scopes"]] == [False, False]
    assert down(*INSTALL).code == 0
    told = down(*STATUS).document
    assert (told["up"], told["url"]) == (False, f"http://127.0.0.1:{DEFAULT_HTTP_PORT}")
    user, project = told["scopes"]
    assert (user["wired"], user["missing"], user["troubles"]) == (list(EVENTS), [], [])
    assert project["installed"] is False
    moved = down(*STATUS, given={"SPARK_HTTP_PORT": "7999"}).document["scopes"][0]
    assert len(moved["urls"]) == 1
    assert moved["troubles"] == [f"they call {moved['urls'][0]}, not http://127.0.0.1:7999"]
    (Path(down.environment["SPARK_HOME"]) / "token").write_text("another\n")
    (Path(down.environment["SPARK_HOME"]) / "bin" / "spark-session-start.py").unlink()
    out = down("hooks", "status", "claude-code").out
    assert "user: installed, but\n" in out
    assert "they send another token than this Spark's" in out
    assert "the program that SessionStart runs is gone" in out


def test_where_nothing_is_up_the_configured_port_is_called(down: Spark) -> None:
    ended = down(*INSTALL, given={"SPARK_HTTP_PORT": "7999"})
    assert ended.code == 0
    assert "`spark up --detach` starts it" in ended.out
    urls = {entry["url"] for event in HTTP_EVENTS for entry in entries(user_file(down), event)}
    assert urls == {"http://127.0.0.1:7999/v1/hooks/claude-code"}


def test_without_any_address_nothing_is_installed(down: Spark) -> None:
    ended = down(*INSTALL, given={"SPARK_HTTP_PORT": "0"})
    assert (ended.code, ended.out) == (1, "")
    assert "there is no address to call" in ended.err
    assert not user_file(down).exists()


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_project_is_wired_at_its_root_and_out_of_gits_sight(down: Spark) -> None:
    git(down.folder, "init", "-q")
    below = down.folder / "src"
    below.mkdir()
    ended = down(*INSTALL, "--project", folder=below)
    assert ended.code == 0
    settings = down.folder / ".claude" / "settings.local.json"
    assert entries(settings, "Stop")
    assert git(down.folder, "status", "--porcelain") == ""
    exclude = down.folder / ".git" / "info" / "exclude"
    assert str(exclude) in ended.out
    assert "settings.local.json\n" in exclude.read_text()
    removed = down(*UNINSTALL, "--project", "--json", folder=below).document
    assert removed["git_exclude"] == str(exclude)
    assert not settings.exists()
    assert "settings.local.json\n" not in exclude.read_text()


def test_a_file_that_git_tracks_is_refused(down: Spark) -> None:
    git(down.folder, "init", "-q")
    settings = down.folder / ".claude" / "settings.local.json"
    settings.parent.mkdir()
    settings.write_text("{}\n")
    git(down.folder, "add", "-f", str(settings))
    ended = down(*INSTALL, "--project")
    assert (ended.code, ended.out) == (1, "")
    assert "is tracked by git" in ended.err
    assert settings.read_text() == "{}\n"


def test_a_second_scope_is_warned_of(down: Spark) -> None:
    assert down(*INSTALL, "--project").err == ""
    assert "one of the two is enough" in " ".join(down(*INSTALL, "--user").err.split())
    assert "Still wired for the project" in down(*UNINSTALL, "--user").out


def test_an_unknown_agent_is_named(down: Spark) -> None:
    ended = down("hooks", "install", "emacs")
    assert ended.code == 2
    named = "'claude-code', 'codex', 'gemini', 'cursor', 'copilot', 'opencode', 'all'"
    assert f"'emacs' is not one of {named}" in ended.err
