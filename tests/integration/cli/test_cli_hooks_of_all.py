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
from gateway.clients.copilot.hooks_file import COPILOT
from gateway.clients.cursor.hooks_file import CURSOR
from gateway.clients.gemini.hooks_file import GEMINI
from gateway.clients.opencode.plugin_file import HOOKS
from gateway.clients.shim.native import FOLDER
from tests.integration.cli.command import QuickSpark, Spark, environment

DIALECTS = {each.client: each for each in (CODEX, GEMINI, CURSOR, COPILOT)}
EVENTS = {client: list(dialect.events) for client, dialect in DIALECTS.items()}
FILES = {
    "codex": ".codex/hooks.json",
    "gemini": ".gemini/settings.json",
    "cursor": ".cursor/hooks.json",
    "copilot": ".copilot/hooks/spark.json",
    "opencode": ".config/opencode/plugins/spark.js",
}


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
    return Path(spark.environment["HOME"]) / FILES[client]


def commands(settings: Path) -> set[str]:
    hooks = json.loads(settings.read_text())["hooks"]
    entries = [entry for groups in hooks.values() for group in groups for entry in group.get("hooks", [group])]
    return {entry.get("command") or entry["bash"] for entry in entries}


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("client", DIALECTS)
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


@pytest.mark.parametrize("client", [*DIALECTS, "claude-code"])
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
    assert (
        ended.code,
        "none of claude-code, codex, gemini, cursor, copilot, opencode was found" in words(ended.err),
    ) == (1, True)
    folder = Path(down.environment["HOME"]) / ".gemini"
    folder.mkdir(parents=True)
    bin_ = Path(down.environment["HOME"]) / "bin"
    bin_.mkdir()
    (bin_ / "codex").write_text("#!/bin/sh\n")
    (bin_ / "codex").chmod(0o755)
    given = {"PATH": f"{bin_}:{down.environment['PATH']}"}
    (Path(down.environment["HOME"]) / ".config" / "opencode").mkdir(parents=True)
    out = words(down("hooks", "install", "all", given=given).out)
    assert f"Found claude-code: not on this machine codex: {bin_}/codex gemini: {folder}" in out
    assert "cursor: not on this machine copilot: not on this machine opencode: " in out
    told = down("hooks", "status", "--json", given=given).document["clients"]
    state = {each["client"]: (each["found"] is not None, each["scopes"][0]["installed"]) for each in told}
    here = {"codex", "gemini", "opencode"}
    assert state == {client: (client in here, client in here) for client in ("claude-code", *FILES)}


def test_one_that_fails_does_not_keep_the_others_from_theirs(down: Spark) -> None:
    broken = settings_of(down, "codex")
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    ended = down("hooks", "install", "codex", "gemini", "--json")
    codex, gemini = ended.document["clients"]
    assert (ended.code, "is not valid JSON" in codex["error"], gemini["changed"]) == (1, True, True)
    assert broken.read_text() == "{"


@pytest.mark.parametrize(("client", "file"), [("claude-code", ".claude/settings.json"), ("copilot", FILES["copilot"])])
def test_a_file_that_switches_hooks_off_is_warned_of(down: Spark, client: str, file: str) -> None:
    settings = Path(down.environment["HOME"]) / file
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disableAllHooks": True}))
    warnings = down("hooks", "install", client, "--json").document["warnings"]
    (warning,) = [each for each in warnings if each.startswith(f"{settings}: disableAllHooks ")]
    assert warning.endswith(": no hook runs until that is gone")


def test_codex_that_trusts_no_hooks_of_a_project_is_warned_of(down: Spark) -> None:
    (warning,) = down("hooks", "install", "codex", "--project", "--json").document["warnings"]
    assert "runs no hooks of a project that it does not trust" in warning
    assert warning.endswith(": no hook runs until that is gone")


def test_a_missing_program_never_blocks_a_tool(down: Spark) -> None:
    for client in DIALECTS:
        told: dict[str, Any] = down("hooks", "install", client, "--json").document
        (command,) = commands(settings_of(down, client))
        # Of another processor, as where machines share a home: Gemini takes words and a status of 126 for a refusal.
        Path(told["shim"]).write_bytes((FOLDER / "spark-hook-macos-aarch64").read_bytes())
        for shell in ("bash", "sh"):
            done = subprocess.run([shell, "-c", command], input="{}", capture_output=True, text=True, check=False)
            assert (done.stdout, done.stderr) == ("{ }\n" if DIALECTS[client].always_answers else "", "")
        Path(told["shim"]).unlink(missing_ok=True)
        done = subprocess.run(["bash", "-c", command], input="{}", capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == ("{ }\n" if DIALECTS[client].always_answers else "")
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


@pytest.mark.parametrize("client", ["cursor", "copilot"])
def test_a_client_that_takes_silence_for_a_refusal_hears_an_empty_object(down: Spark, client: str) -> None:
    assert down("hooks", "install", client).code == 0
    (command,) = commands(settings_of(down, client))
    shell = ["sh", "-c", command]
    for sent in ("{}", "", "no JSON"):
        done = subprocess.run(shell, input=sent, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "{ }\n", ""), "no Spark is up"


@pytest.mark.parametrize(
    ("client", "file"),
    [
        ("cursor", ".cursor/hooks.json"),
        ("copilot", ".github/hooks/spark.json"),
        ("opencode", ".opencode/plugins/spark.js"),
    ],
)
def test_a_project_s_file_is_kept_from_git(down: Spark, client: str, file: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=down.folder, check=True)

    def changes() -> str:
        asked = ["git", "status", "--porcelain", "--untracked-files=all"]
        return subprocess.run(asked, cwd=down.folder, check=True, capture_output=True, text=True).stdout

    told = down("hooks", "install", client, "--project", "--json").document
    assert (told["settings"], told["git_exclude"] is not None, changes()) == (str(down.folder / file), True, "")
    assert down("hooks", "status", client, "--json").document["scopes"][1]["installed"]
    assert down("hooks", "uninstall", client, "--project").code == 0
    assert not (down.folder / file).exists()


def test_the_plugin_of_opencode_comes_and_goes(down: Spark) -> None:
    plugin = settings_of(down, "opencode")
    dry = down("hooks", "install", "opencode", "--dry-run", "--json").document
    assert (dry["added"], dry["diff"].startswith(f"--- {os.devnull}\n+++ {plugin}\n")) == (list(HOOKS), True)
    assert not plugin.exists()
    assert down("hooks", "install", "opencode").code == 0
    text = plugin.read_text("utf-8")
    assert f'const HOME = "{down.environment["SPARK_HOME"]}"' in text
    again = down("hooks", "install", "opencode", "--json").document
    assert (again["changed"], again["kept"]) == (False, list(HOOKS))

    (scope, _) = down("hooks", "status", "opencode", "--json").document["scopes"]
    assert (scope["installed"], scope["troubles"]) == (True, [])
    plugin.write_text(text.replace(down.environment["SPARK_HOME"], "/elsewhere"))
    assert "it asks the Spark of /elsewhere, not this one" in words(down("hooks", "status", "opencode").out)
    plugin.write_text(text + "// changed\n")
    assert "it is of another version of Spark" in words(down("hooks", "status", "opencode").out)
    mended = down("hooks", "install", "opencode", "--json").document
    assert (mended["changed"], Path(mended["backup"]).read_text("utf-8")) == (True, text + "// changed\n")
    assert not mended["backup"].endswith((".js", ".ts")), "OpenCode would load the backup too"

    assert down("hooks", "uninstall", "opencode", "--json").document["removed"] == list(HOOKS)
    assert not plugin.exists()
    assert "Nothing of Spark's was there" in down("hooks", "uninstall", "opencode").out


@pytest.mark.parametrize("content", [b"export const Mine = async () => ({})\n", b"\xff\xfe"])
def test_a_plugin_of_another_by_that_name_is_left_alone(down: Spark, content: bytes) -> None:
    plugin = settings_of(down, "opencode")
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(content)
    for done in ("install", "uninstall"):
        ended = down("hooks", done, "opencode")
        assert (ended.code, "is not Spark's plugin; move it away" in words(ended.err)) == (1, True)
    assert "is not Spark's plugin" in words(down("hooks", "status", "opencode").out)
    assert plugin.read_bytes() == content
