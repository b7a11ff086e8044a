"""`spark hooks` for the clients whose hooks are commands, and for all that a machine has."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.clients.codex.hooks_file import CODEX
from gateway.clients.gemini.hooks_file import GEMINI
from gateway.clients.shim.native import FOLDER
from tests.integration.cli.command import QuickSpark, Spark, environment

EVENTS = {"codex": list(CODEX.events), "gemini": list(GEMINI.events)}


@pytest.fixture
def spark(home: Path, project: Path, tmp_path: Path) -> Spark:
    """The command in the project's folder, against the Spark that is up."""
    return QuickSpark(project, environment(home, tmp_path.resolve() / "user"))


@pytest.fixture
def down(tmp_path: Path) -> Spark:
    """The command where no Spark is up, and no agent either."""
    folder = tmp_path.resolve() / "work"
    folder.mkdir()
    told = environment(tmp_path / "home", tmp_path.resolve() / "user")
    return QuickSpark(folder, {**told, "PATH": "/usr/bin:/bin"})


def settings_of(spark: Spark, client: str) -> Path:
    user = Path(spark.environment["HOME"])
    return user / ".codex" / "hooks.json" if client == "codex" else user / ".gemini" / "settings.json"


def commands(settings: Path) -> set[str]:
    hooks = json.loads(settings.read_text())["hooks"]
    return {entry["command"] for groups in hooks.values() for group in groups for entry in group["hooks"]}


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("client", ["codex", "gemini"])
def test_what_is_installed_reaches_the_spark_that_is_up(spark: Spark, client: str) -> None:
    ended = spark("hooks", "install", client, "--json", "--timeout", "2").document
    assert (ended["changed"], ended["added"], ended["warnings"]) == (True, EVENTS[client], [])
    (command,) = commands(settings_of(spark, client))
    event = {"session_id": "wired", "cwd": str(spark.folder), "hook_event_name": "SessionStart", "source": "startup"}
    done = subprocess.run(["bash", "-c", command], input=json.dumps(event), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), dict)
    assert Path(ended["shim"]).is_file()
    again = spark("hooks", "install", client, "--json", "--timeout", "2").document
    assert (again["changed"], again["kept"]) == (False, EVENTS[client])


def test_the_status_of_spark_tells_of_every_client(spark: Spark) -> None:
    spark("hooks", "install", "codex", "gemini", "--no-trust")
    told = {(each["client"], each["installed"]) for each in spark("status", "--json").document["agents"]}
    assert {("codex", True), ("gemini", True)} <= told
    shown = spark("status").out
    assert "codex, user: installed; " in shown, "what is not trusted is said"
    assert "gemini, user: installed\n" in shown


@pytest.mark.parametrize("client", ["codex", "gemini", "claude-code"])
def test_a_dry_run_shows_a_diff_and_writes_nothing(down: Spark, client: str) -> None:
    told = down("hooks", "install", client, "--dry-run", "--json").document
    assert (told["changed"], told["dry_run"], told["backup"]) == (True, True, None)
    assert told["diff"].startswith(f"--- {os.devnull}\n+++ {told['settings']}\n")
    assert '+  "hooks": {' in told["diff"]
    ended = down("hooks", "install", client, "--dry-run")
    assert (ended.code, told["diff"] in ended.out) == (0, True)
    assert not Path(down.environment["HOME"]).exists()
    assert not (Path(down.environment["SPARK_HOME"]) / "bin").exists()

    assert down("hooks", "install", client).code == 0
    wired = Path(told["settings"]).read_bytes()
    out = down("hooks", "uninstall", client, "--dry-run").out
    assert f"+++ {os.devnull}" in out
    assert Path(told["settings"]).read_bytes() == wired


def test_a_diff_does_not_show_the_token(down: Spark) -> None:
    assert down("hooks", "install", "claude-code").code == 0
    token = (Path(down.environment["SPARK_HOME"]) / "token").read_text().strip()
    out = down("hooks", "uninstall", "claude-code", "--dry-run").out
    assert "Bearer <token>" in out
    assert token not in out


@pytest.mark.parametrize("client", ["codex", "gemini"])
def test_uninstalling_leaves_the_users_file_as_it_was(spark: Spark, client: str) -> None:
    settings = settings_of(spark, client)
    settings.parent.mkdir(parents=True)
    before = b'{"hooks" : { "SessionStart":[ {"hooks":[{"type":"command","command":"true"}]} ]}}\r\n'
    settings.write_bytes(before)
    assert spark("hooks", "install", client, "--json").document["backup"] is not None
    assert spark("hooks", "uninstall", client, "--json").document["removed"] == EVENTS[client]
    assert settings.read_bytes() == before
    assert "Nothing of Spark's was there" in spark("hooks", "uninstall", client).out


def test_codex_is_told_of_the_users_trust_only_with_their_word(spark: Spark) -> None:
    config = settings_of(spark, "codex").with_name("config.toml")
    config.parent.mkdir(parents=True)
    before = b'model = "gpt-5.5" # mine\r\n'
    config.write_bytes(before)
    for given in ((), ("--no-trust",)):
        out = words(spark("hooks", "install", "codex", *given).out)
        assert "Start codex, type /hooks and trust them there; or run this again with --trust." in out
        (command,) = commands(settings_of(spark, "codex"))
        assert words(command) in out
        assert config.read_bytes() == before
    (trouble,) = spark("hooks", "status", "codex", "--json").document["scopes"][0]["troubles"]
    assert "codex does not run what it does not trust yet: SessionStart" in trouble

    assert str(config) in spark("hooks", "install", "codex", "--trust", "--dry-run").out
    assert config.read_bytes() == before
    told = spark("hooks", "install", "codex", "--trust", "--json").document
    assert (told["changed"], told["trust"]["trusted"]) == (False, EVENTS["codex"])
    states = tomllib.loads(config.read_text())["hooks"]["state"]
    assert {key.split(":")[0] for key in states} == {str(settings_of(spark, "codex"))}
    assert "Codex trusts these hooks already" in spark("hooks", "install", "codex", "--trust").out
    user = spark("hooks", "status", "codex", "--json").document["scopes"][0]
    assert (user["trusted"], user["untrusted"], user["troubles"]) == (EVENTS["codex"], [], [])

    assert spark("hooks", "uninstall", "codex", "--json").document["trust"]["changed"]
    assert config.read_bytes() == before


def test_all_are_those_that_are_found(down: Spark) -> None:
    ended = down("hooks", "install", "all")
    assert (ended.code, "none of claude-code, codex, gemini was found" in words(ended.err)) == (1, True)
    folder = Path(down.environment["HOME"]) / ".gemini"
    folder.mkdir(parents=True)
    bin_ = Path(down.environment["HOME"]) / "bin"
    bin_.mkdir()
    (bin_ / "codex").write_text("#!/bin/sh\n")
    (bin_ / "codex").chmod(0o755)
    given = {"PATH": f"{bin_}:{down.environment['PATH']}"}
    out = words(down("hooks", "install", "all", given=given).out)
    assert f"Found claude-code: not on this machine codex: {bin_}/codex gemini: {folder}" in out
    told = down("hooks", "status", "--json", given=given).document["clients"]
    state = {each["client"]: (each["found"] is not None, each["scopes"][0]["installed"]) for each in told}
    assert state == {"claude-code": (False, False), "codex": (True, True), "gemini": (True, True)}


def test_one_that_fails_does_not_keep_the_others_from_theirs(down: Spark) -> None:
    broken = settings_of(down, "codex")
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    ended = down("hooks", "install", "codex", "gemini", "--json")
    codex, gemini = ended.document["clients"]
    assert (ended.code, "is not valid JSON" in codex["error"], gemini["changed"]) == (1, True, True)
    assert broken.read_text() == "{"


def test_a_missing_program_never_blocks_a_tool(down: Spark) -> None:
    for client in ("codex", "gemini"):
        told: dict[str, Any] = down("hooks", "install", client, "--json").document
        (command,) = commands(settings_of(down, client))
        # Of another processor, as where machines share a home: Gemini takes words and a status of 126 for a refusal.
        Path(told["shim"]).write_bytes((FOLDER / "spark-hook-macos-aarch64").read_bytes())
        for shell in ("bash", "sh"):
            done = subprocess.run([shell, "-c", command], input="{}", capture_output=True, text=True, check=False)
            assert (done.stdout, done.stderr) == ("", "")
        Path(told["shim"]).unlink(missing_ok=True)
        done = subprocess.run(["bash", "-c", command], input="{}", capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert "is gone, or may not be run" in words(down("hooks", "status", client).out)


def test_a_project_file_that_git_tracks_is_warned_of(down: Spark) -> None:
    settings = down.folder / ".gemini" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("{\n  // ours\n}\n")
    for given in (("init", "-q"), ("add", "-f", str(settings))):
        subprocess.run(["git", *given], cwd=down.folder, check=True)
    ended = down("hooks", "install", "gemini", "--project")
    assert (ended.code, "a commit would carry the entries along" in words(ended.err)) == (0, True)
    assert "// ours" in settings.read_text()


@pytest.mark.parametrize(("typed", "trusted"), [("y\n", EVENTS["codex"]), ("\n", [])])
def test_on_a_terminal_codex_trust_is_asked_for(down: Spark, typed: str, trusted: list[str]) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        install = [sys.executable, "-m", "host.cli", "hooks", "install", "codex"]
        # The code under test, wherever the installed package points to.
        told = {**down.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            install, cwd=down.folder, env=told, stdin=theirs, capture_output=True, text=True, check=True
        )
    finally:
        os.close(ours)
        os.close(theirs)
    (command,) = commands(settings_of(down, "codex"))
    assert words(command) in words(done.stdout)
    assert "that you trust it?" in words(done.stdout + done.stderr)
    assert down("hooks", "status", "codex", "--json").document["scopes"][0]["trusted"] == trusted
