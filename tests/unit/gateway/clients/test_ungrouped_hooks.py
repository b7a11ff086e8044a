"""Hooks files of Cursor and Copilot CLI, where entries stand without groups beside a version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.clients.command_hooks import Dialect, install, status, uninstall
from gateway.clients.copilot.hooks_file import COPILOT
from gateway.clients.cursor.hooks_file import CURSOR
from gateway.clients.settings_document import SettingsWrongShape
from gateway.clients.shim.command import hook_command

HOME = Path("/home/dev/my spark")
MINE = {"command": "./mine.sh", "type": "command"}

FILES = {
    "nothing": "",
    "empty object": "{}\n",
    "no version": '{"hooks": {}}',
    "no hooks": '{\n  "version": 1\n}\n',
    "another version": '{"version": 2, "hooks": {"stop": [], "Stop": []}}',
    "mine": json.dumps({"version": 1, "hooks": {"postToolUse": [MINE], "PostToolUse": [MINE]}}, indent=4) + "\n",
    "mine in two": json.dumps({"hooks": {"stop": [MINE, MINE], "Stop": [MINE], "afterFileEdit": [MINE]}}),
    "switched off": '{"disableAllHooks": true}\n',
}


def command(dialect: Dialect, home: Path = HOME) -> str:
    shim = home / "bin" / "spark-hook"
    return hook_command(shim, home, dialect.client, "/usr/bin/python3", always_answers=dialect.always_answers)


def read(settings: Path) -> Any:
    return json.loads(settings.read_text())


@pytest.mark.parametrize("dialect", [CURSOR, COPILOT], ids=lambda one: one.client)
@pytest.mark.parametrize("name", FILES)
def test_what_people_have_is_kept_and_comes_back(tmp_path: Path, dialect: Dialect, name: str) -> None:
    settings = tmp_path / "hooks.json"
    settings.write_text(FILES[name])
    before = json.loads(FILES[name] or "{}")
    dry = install(dialect, settings, command=command(dialect), dry_run=True)
    assert (dry.added, settings.read_text()) == (dialect.events, FILES[name])
    assert install(dialect, settings, command=command(dialect)).diff == dry.diff

    after = read(settings)
    assert after["version"] == before.get("version", 1)
    for event in dialect.events:
        *others, own = after["hooks"][event]
        assert others == before.get("hooks", {}).get(event, [])
        assert own == dialect.entry(command(dialect), 1)
    again = install(dialect, settings, command=command(dialect))
    assert (again.changed, again.kept) == (False, dialect.events)
    moved = install(dialect, settings, command=command(dialect, Path("/elsewhere")), timeout_s=2)
    assert moved.added == moved.removed == dialect.events
    assert [len(entries) for entries in read(settings)["hooks"].values()] == [
        len(entries) for entries in after["hooks"].values()
    ]

    assert set(uninstall(dialect, settings).removed) == set(dialect.events)
    assert settings.read_text() == FILES[name]
    assert not uninstall(dialect, settings).changed


@pytest.mark.parametrize("dialect", [CURSOR, COPILOT], ids=lambda one: one.client)
def test_a_file_that_only_spark_made_goes_again(tmp_path: Path, dialect: Dialect) -> None:
    settings = tmp_path / "new" / "hooks.json"
    install(dialect, settings, command=command(dialect))
    assert read(settings)["version"] == 1
    uninstall(dialect, settings)
    assert not settings.exists()


def test_what_others_put_into_spark_s_file_stays_whole(tmp_path: Path) -> None:
    settings = tmp_path / "hooks.json"
    install(CURSOR, settings, command=command(CURSOR))
    value = read(settings)
    value["hooks"]["stop"].insert(0, MINE)
    settings.write_text(json.dumps(value))
    uninstall(CURSOR, settings)
    assert read(settings) == {"version": 1, "hooks": {"stop": [MINE]}}


def test_an_entry_that_is_there_twice_is_there_once_again(tmp_path: Path) -> None:
    settings = tmp_path / "hooks.json"
    install(COPILOT, settings, command=command(COPILOT))
    value = read(settings)
    value["hooks"]["Stop"] += [{**value["hooks"]["Stop"][0], "timeoutSec": 9}, {"bash": "mine"}]
    settings.write_text(json.dumps(value))
    assert install(COPILOT, settings, command=command(COPILOT)).added == ("Stop",)
    assert read(settings)["hooks"]["Stop"] == [COPILOT.entry(command(COPILOT), 1), {"bash": "mine"}]


def test_status_tells_what_is_missing_and_what_is_switched_off(tmp_path: Path) -> None:
    settings = tmp_path / "hooks.json"
    install(COPILOT, settings, command=command(COPILOT))
    value = read(settings)
    del value["hooks"]["Stop"]
    settings.write_text(json.dumps({**value, "disableAllHooks": True}))
    found = status(COPILOT, settings, command=command(COPILOT))
    assert (found.missing, found.command_matches, found.hooks_disabled) == (("Stop",), True, True)


@pytest.mark.parametrize("text", ['{"hooks": []}', '{"hooks": {"stop": {}}}'])
def test_another_shape_is_reported_and_left_alone(tmp_path: Path, text: str) -> None:
    settings = tmp_path / "hooks.json"
    settings.write_text(text)
    with pytest.raises(SettingsWrongShape):
        install(CURSOR, settings, command=command(CURSOR))
    assert settings.read_text() == text


def test_each_scope_has_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COPILOT_HOME", raising=False)
    root, home = tmp_path / "repo", tmp_path / "home"
    assert CURSOR.settings_path("user", root, home) == home / ".cursor" / "hooks.json"
    assert CURSOR.settings_path("project", root, home) == root / ".cursor" / "hooks.json"
    assert COPILOT.settings_path("user", root, home) == home / ".copilot" / "hooks" / "spark.json"
    assert COPILOT.settings_path("project", root, home) == root / ".github" / "hooks" / "spark.json"
