"""Settings as people have them: nothing of theirs is lost, and what was put in comes out byte for byte."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.clients.codex.hooks_file import CODEX
from gateway.clients.command_hooks import Dialect, install, runs, status, uninstall
from gateway.clients.gemini.hooks_file import GEMINI
from gateway.clients.json_text import parse
from gateway.clients.settings_document import (
    SettingsError,
    SettingsNotJson,
    SettingsReadOnly,
    SettingsWrongShape,
    read_settings,
)
from gateway.clients.shim.command import hook_command, install_hook_shim

HOME = Path("/home/dev/my spark")
OTHERS = '{"hooks": [{"type": "command", "command": "~/bin/notify --done", "timeout": 5}]}'

ANY = {
    "empty object": "{}",
    "empty object, end of line": "{}\n",
    "empty object with spaces": "{ \n }\n",
    "blank": "",
    "blank line": "\n",
    "one line": '{"hooks":{"Stop":[' + OTHERS + "]}}",
    "one line with spaces": '{"hooks": {"Stop": [' + OTHERS + "]}}\n",
    "empty hooks": '{\n  "hooks": {}\n}\n',
    "empty events": '{\n  "hooks": {\n    "SessionStart": [],\n    "SessionEnd": [ ]\n  }\n}\n',
    "four spaces": json.dumps({"hooks": {"SessionStart": [json.loads(OTHERS)]}}, indent=4),
    "tabs": json.dumps({"hooks": {"SessionStart": [json.loads(OTHERS)] * 2}}, indent="\t") + "\n",
    "windows": json.dumps({"hooks": {"SessionEnd": [json.loads(OTHERS)]}}, indent=2).replace("\n", "\r\n") + "\r\n",
    "by hand": '{ "hooks" :\n  { "Stop" : [ ' + OTHERS + "\n  , " + OTHERS + ' ] ,\n\n    "SessionStart":[]}\n\n}\n\n',
    "letters of all kinds": '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "echo \\u00fc ü 🎉"}]}]}}',
    "events of other versions": '{\n  "hooks": {\n    "Notification": ['
    + OTHERS
    + '],\n    "NewOne": {"x": 1}\n  }\n}',
    "same key twice": '{"hooks": {"Stop": [], "Stop": [' + OTHERS + "]}}",
}
SETTINGS = {
    "byte order mark": '\ufeff{\r\n  "theme": "GitHub"\r\n}',
    "as Gemini writes it": json.dumps(
        {"security": {"auth": {"selectedType": "oauth-personal"}}, "ui": {"theme": "Default"}, "ide": {"seen": True}},
        indent=2,
    ),
    "comments": '// mine\n{\n  /* look */ "ui": {"theme": "Ayu"}, // dark\n  "mcp": {} // none yet\n  // end\n}\n',
    "commented-out hook": '{\n  "hooks": {\n    "AfterTool": [\n      // {"hooks": []},\n      '
    + OTHERS
    + ' // "x"\n    ]\n  }\n}\n',
    "only comments": "{\n  // nothing yet\n}\n",
    "an address in a string": '{"mcpServers": {"a": {"url": "https://example.org/*x*/"}}}\n',
    "numbers as they are": '{"model": {"maxSessionTurns": 1.0e2, "x": 12345678901234567890123, "y": 1e999}}',
    "a tool's own": json.dumps({"hooks": {"AfterTool": [{"matcher": "write_file", "hooks": [{"name": "fmt"}]}]}}),
}
CASES = [
    *((CODEX, name, text) for name, text in ANY.items()),
    *((GEMINI, name, text) for name, text in {**ANY, **SETTINGS}.items()),
]


def command(dialect: Dialect, home: Path = HOME) -> str:
    return hook_command(home / "bin" / "spark-hook", home, dialect.client, "/usr/bin/python3")


def read(settings: Path, dialect: Dialect) -> Any:
    return read_settings(settings, comments=dialect.comments).value


def folder(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.iterdir()}


@pytest.mark.parametrize(("dialect", "name", "text"), CASES, ids=lambda one: getattr(one, "client", str(one)[:25]))
def test_what_people_have_is_kept_and_comes_back(tmp_path: Path, dialect: Dialect, name: str, text: str) -> None:
    del name
    settings = tmp_path / dialect.file
    settings.write_bytes(text.encode())
    before = read(settings, dialect)

    dry = install(dialect, settings, command=command(dialect), dry_run=True)
    assert (dry.changed, dry.backup, folder(tmp_path)) == (True, None, {dialect.file: text.encode()})
    first = install(dialect, settings, command=command(dialect))
    assert (first.added, first.removed, first.diff) == (dialect.events, (), dry.diff)
    assert first.backup is not None
    assert first.backup.read_bytes() == text.encode()
    wired = settings.read_bytes()
    parse(wired.decode().removeprefix("\ufeff"), comments=dialect.comments)
    after = read(settings, dialect)
    assert {key: member for key, member in after.items() if key != "hooks"} == {
        key: member for key, member in before.items() if key != "hooks"
    }
    for event, groups in before.get("hooks", {}).items():
        assert after["hooks"][event] == ([*groups, after["hooks"][event][-1]] if event in dialect.events else groups), (
            "others keep their places"
        )

    again = install(dialect, settings, command=command(dialect))
    assert (again.changed, again.kept, settings.read_bytes()) == (False, dialect.events, wired)
    moved = install(dialect, settings, command=command(dialect, Path("/elsewhere")), timeout_s=2)
    assert moved.added == moved.removed == dialect.events
    assert status(dialect, settings, command=command(dialect, Path("/elsewhere"))).command_matches
    install(dialect, settings, command=command(dialect))
    assert settings.read_bytes() == wired

    assert uninstall(dialect, settings).removed == tuple(event for event in after["hooks"] if event in dialect.events)
    assert settings.read_bytes() == text.encode()
    assert not uninstall(dialect, settings).changed


@pytest.mark.parametrize("dialect", [CODEX, GEMINI], ids=lambda dialect: dialect.client)
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", SettingsNotJson),
        ('{"a": 1,}', SettingsNotJson),
        ('{"a": "unended}', SettingsNotJson),
        ("<<<<<<< HEAD\n{}\n=======\n", SettingsNotJson),
        ('{"a": NaN}', SettingsNotJson),
        (b"\xff\xfe{\0}\0", SettingsNotJson),
        ("[" * 100_000, SettingsNotJson),
        ("[]", SettingsWrongShape),
        ('{"hooks": []}', SettingsWrongShape),
        ('{"hooks": {"SessionStart": {}}}', SettingsWrongShape),
    ],
)
def test_a_file_that_is_broken_is_reported_and_left_alone(
    tmp_path: Path, dialect: Dialect, text: str | bytes, error: type[SettingsError]
) -> None:
    settings = tmp_path / dialect.file
    content = text.encode() if isinstance(text, str) else text
    settings.write_bytes(content)
    for work in (lambda: install(dialect, settings, command=command(dialect)), lambda: uninstall(dialect, settings)):
        with pytest.raises(error, match=dialect.file.replace(".", r"\.")):
            work()
    assert folder(tmp_path) == {dialect.file: content}


def test_codex_takes_neither_comments_nor_a_byte_order_mark(tmp_path: Path) -> None:
    settings = tmp_path / "hooks.json"
    for text in ("{} // mine", "\ufeff{}"):
        settings.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsNotJson):
            install(CODEX, settings, command=command(CODEX))
        assert settings.read_text("utf-8") == text


def test_a_read_only_file_is_reported_and_left_alone(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text("{}")
    settings.chmod(0o444)
    with pytest.raises(SettingsReadOnly, match=r"settings\.json: is read-only"):
        install(GEMINI, settings, command=command(GEMINI))
    assert folder(tmp_path) == {"settings.json": b"{}"}


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "gemini.json"
    real.parent.mkdir()
    real.write_text('{\n  // mine\n  "a": 1\n}\n')
    settings = tmp_path / "settings.json"
    settings.symlink_to(real)
    install(GEMINI, settings, command=command(GEMINI))
    assert settings.is_symlink()
    assert "spark-hook" in real.read_text()
    uninstall(GEMINI, settings)
    assert (settings.is_symlink(), real.read_text()) == (True, '{\n  // mine\n  "a": 1\n}\n')


@pytest.mark.parametrize("dialect", [CODEX, GEMINI], ids=lambda dialect: dialect.client)
def test_a_file_that_only_spark_made_goes_again(tmp_path: Path, dialect: Dialect) -> None:
    settings = tmp_path / "new" / dialect.file
    assert install(dialect, settings, command=command(dialect)).backup is None
    assert settings.stat().st_mode & 0o777 == 0o600
    groups = read(settings, dialect)["hooks"]
    assert tuple(groups) == dialect.events
    for (group,) in groups.values():
        (entry,) = group["hooks"]
        assert group.keys() == {"hooks"}
        assert (entry["type"], entry["command"]) == ("command", command(dialect))
        assert entry["timeout"] == dialect.timeouts_per_s
    uninstall(dialect, settings)
    assert not settings.exists()


def test_what_others_put_behind_ours_keeps_its_place_in_codex(tmp_path: Path) -> None:
    others = json.loads(OTHERS)
    expected: list[tuple[Dialect, list[Any]]] = [(CODEX, [{"hooks": []}, others]), (GEMINI, [others])]
    for dialect, left in expected:
        settings = tmp_path / dialect.file
        install(dialect, settings, command=command(dialect))
        value = read(settings, dialect)
        value["hooks"]["SessionStart"].append(others)
        settings.write_text(json.dumps(value))
        uninstall(dialect, settings)
        assert read(settings, dialect) == {"hooks": {"SessionStart": left}}


def test_what_an_earlier_version_left_is_brought_up_to_date(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    old = {"type": "command", "command": command(GEMINI, Path("/old"))}
    mine = {"type": "command", "command": "lint"}
    hooks = {"BeforeTool": [{"hooks": [old]}], "AfterTool": [{"hooks": [mine, old]}, {"hooks": [old]}]}
    settings.write_text(json.dumps({"hooks": hooks}))
    change = install(GEMINI, settings, command=command(GEMINI))
    assert set(change.removed) == {"BeforeTool", "AfterTool"}
    after = read(settings, GEMINI)["hooks"]
    assert "BeforeTool" not in after
    ((first, second),) = [group["hooks"] for group in after["AfterTool"]]
    assert (first, second["command"]) == (mine, command(GEMINI))
    uninstall(GEMINI, settings)
    assert read(settings, GEMINI) == {"hooks": {"AfterTool": [{"hooks": [mine]}]}}


def test_status_tells_what_is_missing(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    none = status(GEMINI, settings, command="x")
    assert (none.wired, none.command_matches, none.shim_runs, none.hooks_disabled) == ((), None, False, False)
    shim = install_hook_shim(tmp_path)
    wanted = hook_command(shim, tmp_path, "gemini", "/usr/bin/python3")
    install(GEMINI, settings, command=wanted)
    value = read(settings, GEMINI)
    del value["hooks"]["AfterTool"]
    settings.write_text(json.dumps({**value, "hooksConfig": {"enabled": False}}))
    found = status(GEMINI, settings, command=wanted)
    assert (found.missing, found.command_matches, found.shim_runs) == (("AfterTool",), True, True)
    assert found.hooks_disabled
    shim.chmod(0o644)
    assert not status(GEMINI, settings).shim_runs


def test_a_command_is_taken_apart_whatever_its_paths_hold(tmp_path: Path) -> None:
    home = tmp_path / "it's a home"
    for shim in (home / "bin" / "spark-hook", home / "bin" / "spark-hook.py"):
        shim.parent.mkdir(parents=True, exist_ok=True)
        wired = hook_command(shim, home, "codex", "/usr/bin/env")
        assert CODEX.is_own({"type": "command", "command": wired})
        assert not GEMINI.is_own({"type": "command", "command": wired})
        assert not runs(wired)
        shim.write_text("#!/bin/sh\n")
        shim.chmod(0o755)
        assert runs(wired)
    assert not runs("echo 'unended")
    assert not CODEX.is_own({"type": "command", "command": shlex.join(["/bin/spark-hooks", "--client", "codex", ""])})


def test_in_a_repository_git_does_not_see_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    settings = CODEX.settings_path("project", tmp_path, tmp_path)
    change = install(CODEX, settings, command=command(CODEX), project=True)
    assert (change.git_exclude is not None, change.tracked, git("status", "--porcelain")) == (True, False, "")
    uninstall(CODEX, settings, project=True)
    settings.write_text("{}")
    git("add", "-f", str(settings))
    assert install(CODEX, settings, command=command(CODEX), project=True).tracked
    assert install(CODEX, settings, command=command(CODEX), project=True).tracked
    assert "spark-backup" not in git("status", "--porcelain")


def test_each_scope_has_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEX_HOME", raising=False)
    monkeypatch.delenv("GEMINI_CLI_HOME", raising=False)
    root, home = tmp_path / "repo", tmp_path / "home"
    assert CODEX.settings_path("user", root, home) == home / ".codex" / "hooks.json"
    assert CODEX.settings_path("project", root, home) == root / ".codex" / "hooks.json"
    assert GEMINI.settings_path("user", root, home) == home / ".gemini" / "settings.json"
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "link"))
    assert CODEX.settings_path("user", root, home) == tmp_path.resolve() / "real" / "hooks.json"


def test_gemini_s_folder_lies_where_its_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_CLI_HOME", raising=False)
    assert GEMINI.settings_path("user", tmp_path, tmp_path / "home") == tmp_path / "home" / ".gemini" / "settings.json"
    monkeypatch.setenv("GEMINI_CLI_HOME", str(tmp_path / "other"))
    assert GEMINI.settings_path("user", tmp_path, tmp_path / "home") == tmp_path / "other" / ".gemini" / "settings.json"
    assert GEMINI.settings_path("project", tmp_path, tmp_path / "home") == tmp_path / ".gemini" / "settings.json"
