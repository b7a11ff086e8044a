"""The installer may touch nothing of the user's and must take back everything of its own."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.change import Change
from gateway.clients.claude_code.hooks_file import (
    COMMAND_EVENT,
    EVENTS,
    HTTP_EVENTS,
    TOOL_EVENTS,
    install,
    settings_path,
    status,
    uninstall,
)
from gateway.clients.claude_code.shim import install_shim, shim_command
from gateway.clients.git_exclude import SettingsTracked
from gateway.clients.settings_document import SettingsNotJson, SettingsWrongShape

URL = "http://127.0.0.1:18733"
TOKEN = "token-for-a-test"
COMMAND = shim_command(Path("/home/dev/.spark"), "/usr/bin/python3")

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_json = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
_hook = st.fixed_dictionaries({"type": st.just("command"), "command": st.text()}) | _json
_group = st.fixed_dictionaries({"hooks": st.lists(_hook, max_size=3)}, optional={"matcher": st.text()}) | _json
_hooks = st.dictionaries(st.sampled_from([*EVENTS, "Notification"]), st.lists(_group, max_size=3))
_members = st.tuples(st.text(), _json) | st.tuples(st.just("hooks"), _hooks)
_settings: st.SearchStrategy[dict[str, Any]] = st.lists(_members, max_size=4).map(dict)


def wire(settings: Path, url: str = URL, token: str = TOKEN, command: str = COMMAND) -> Change:
    return install(settings, url=url, token=token, shim_command=command)


def read(settings: Path) -> Any:
    return json.loads(settings.read_text("utf-8"))


def backups(settings: Path) -> list[Path]:
    return sorted(settings.parent.glob("*.spark-backup-*"))


@given(
    before=_settings,
    indent=st.sampled_from([None, 2, 4, "\t"]),
    ascii_only=st.booleans(),
    end=st.sampled_from(["", "\n"]),
)
def test_whatever_the_user_has_comes_back_in_its_order(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[str, Any],
    indent: int | str | None,
    ascii_only: bool,
    end: str,
) -> None:
    settings = tmp_path_factory.mktemp("claude") / "settings.json"
    settings.write_bytes((json.dumps(before, indent=indent, ensure_ascii=ascii_only) + end).encode("utf-8", "replace"))
    before = read(settings)

    wire(settings)
    wired = settings.read_bytes()
    again = wire(settings)

    assert not again.changed
    assert again.kept == EVENTS
    assert settings.read_bytes() == wired
    assert status(settings, url=URL, token=TOKEN).missing == ()
    kept = {
        event: groups[: len(before.get("hooks", {}).get(event, []))]
        for event, groups in read(settings)["hooks"].items()
    }
    assert {event: groups for event, groups in kept.items() if groups} == {
        event: groups for event, groups in before.get("hooks", {}).items() if groups
    }

    uninstall(settings)
    assert json.dumps(read(settings)) == json.dumps(before), "the order of keys counts too"


def test_a_file_written_as_the_client_writes_it_comes_back_byte_for_byte(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    original = json.dumps(
        {"model": "opus — ü", "hooks": {"Stop": []}, "permissions": {"allow": ["Bash(ls)"]}}, indent=4
    )
    settings.write_text(original.replace("\n", "\r\n"), "utf-8", newline="")
    settings.chmod(0o640)

    change = wire(settings)
    assert change.backup is not None
    assert change.backup.read_text("utf-8") == original
    assert change.backup.stat().st_mode & 0o777 == 0o640
    assert change.readable_by_others
    assert '\r\n    "hooks"' in settings.read_bytes().decode()

    uninstall(settings)
    assert settings.read_bytes() == original.replace("\n", "\r\n").encode()
    assert settings.stat().st_mode & 0o777 == 0o640


def test_entries_are_what_the_client_takes(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    change = wire(settings)
    assert change.added == EVENTS
    assert change.backup is None
    assert settings.stat().st_mode & 0o777 == 0o600
    hooks = read(settings)["hooks"]
    for event in HTTP_EVENTS:
        (group,) = hooks[event]
        assert group.get("matcher") == ("*" if event in TOOL_EVENTS else None)
        (entry,) = group["hooks"]
        assert entry.keys() == {"type", "url", "timeout", "headers"}
        assert (entry["type"], entry["url"], entry["timeout"]) == ("http", URL + "/v1/hooks/claude-code", 1)
        assert entry["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert hooks[COMMAND_EVENT] == [{"hooks": [{"type": "command", "command": COMMAND, "timeout": 1}]}]

    assert uninstall(settings).removed == tuple(hooks)
    assert not settings.exists()
    assert not uninstall(settings).changed


@pytest.mark.parametrize(
    ("values", "replaced"),
    [
        ({"url": "http://127.0.0.1:18734"}, set(HTTP_EVENTS)),
        ({"token": "another"}, set(HTTP_EVENTS)),
        ({"command": shim_command(Path("/elsewhere"), "/usr/bin/python3")}, {COMMAND_EVENT}),
    ],
)
def test_a_new_port_token_or_shim_replaces_the_entries_it_concerns(
    tmp_path: Path, values: dict[str, str], replaced: set[str]
) -> None:
    settings = tmp_path / "settings.json"
    users = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}}
    settings.write_text(json.dumps(users))
    wire(settings)

    change = wire(settings, **values)
    assert set(change.added) == set(change.removed) == replaced
    assert set(change.kept) == set(EVENTS) - replaced
    assert len(backups(settings)) == 2
    found = status(settings, url=values.get("url", URL), token=values.get("token", TOKEN))
    assert found.url_matches
    assert found.token_matches
    assert all(len(groups) == (2 if event == "Stop" else 1) for event, groups in read(settings)["hooks"].items())

    uninstall(settings)
    assert read(settings) == users


def test_a_hook_that_the_user_put_into_our_group_stays(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text("{}")
    wire(settings)
    value = read(settings)
    users = {"type": "command", "command": "lint"}
    value["hooks"]["PreToolUse"][0]["hooks"].insert(0, users)
    lookalike = {"type": "http", "url": "http://127.0.0.1:9/v1/hooks/claude-code"}
    value["hooks"]["Stop"].append({"hooks": [copy.deepcopy(lookalike)]})
    settings.write_text(json.dumps(value))

    wire(settings, token="another")
    uninstall(settings)

    expected = {"PreToolUse": [{"matcher": "*", "hooks": [users]}], "Stop": [{"hooks": [lookalike]}]}
    assert read(settings) == {"hooks": expected}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"a": 1,}', SettingsNotJson),
        ('{"a": 1} // mine', SettingsNotJson),
        ("{", SettingsNotJson),
        ('{"a": NaN}', SettingsNotJson),
        ("[]", SettingsWrongShape),
        ('{"hooks": []}', SettingsWrongShape),
        ('{"hooks": {"Stop": {}}}', SettingsWrongShape),
    ],
)
def test_a_file_that_cannot_be_kept_is_left_alone(tmp_path: Path, text: str, error: type[Exception]) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(text)
    with pytest.raises(error, match=r"settings\.json"):
        wire(settings)
    assert settings.read_text() == text
    assert list(tmp_path.iterdir()) == [settings]


def test_a_linked_settings_file_stays_a_link(tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    real = dotfiles / "claude.json"
    real.write_text('{"model": "x"}\n')
    settings = tmp_path / "settings.json"
    settings.symlink_to(real)

    change = wire(settings)
    assert settings.is_symlink()
    assert "hooks" in read(real)
    assert list(dotfiles.iterdir()) == [real]
    assert change.backup is not None
    assert change.backup.parent == tmp_path
    uninstall(settings)
    assert settings.is_symlink()
    assert real.read_text() == '{"model": "x"}\n'


def test_status_tells_what_is_missing(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    none = status(settings, url=URL, token=TOKEN)
    assert (none.wired, none.url_matches, none.token_matches, none.shim_exists) == ((), None, None, False)

    command = shim_command(tmp_path, "/usr/bin/python3")
    wire(settings, command=command)
    assert not status(settings).shim_exists
    install_shim(tmp_path)
    value = read(settings)
    del value["hooks"]["Stop"]
    settings.write_text(json.dumps({**value, "disableAllHooks": True}))
    found = status(settings, url="http://127.0.0.1:1", token="old")
    assert (found.missing, found.urls) == (("Stop",), (URL + "/v1/hooks/claude-code",))
    assert (found.url_matches, found.token_matches) == (False, False)
    assert found.shim_exists
    assert found.hooks_disabled
    assert TOKEN not in repr(found)


def test_each_scope_has_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    root, home = tmp_path / "repo", tmp_path / "home"
    assert settings_path("user", root, home) == home / ".claude" / "settings.json"
    assert settings_path("project", root, home) == root / ".claude" / "settings.local.json"
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "config"))
    assert settings_path("user", root, home) == tmp_path / "config" / "settings.json"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    root = tmp_path / "a repo [1]"
    root.mkdir()
    git(root, "init", "-q")
    return root


def test_a_token_in_a_repository_is_never_seen_by_git(repository: Path) -> None:
    folder = repository / "sub"
    folder.mkdir()
    settings = settings_path("project", folder, repository)
    exclude = repository / ".git" / "info" / "exclude"
    before = exclude.read_text()

    first = wire(settings)
    wire(settings, token="another")
    assert first.git_exclude is not None
    assert first.git_exclude.samefile(exclude)
    assert backups(settings)
    assert git(repository, "status", "--porcelain") == ""

    assert uninstall(settings).git_exclude is not None
    assert "settings.local.json\n" not in exclude.read_text()
    assert git(repository, "status", "--porcelain") == "", "the backups hold the token"
    assert exclude.read_text().startswith(before)


def test_a_file_that_git_ignores_already_needs_no_line(repository: Path) -> None:
    (repository / ".gitignore").write_text("settings.local.json*\n")
    change = wire(settings_path("project", repository, repository))
    assert change.git_exclude is None


def test_a_committed_settings_file_gets_no_token(repository: Path) -> None:
    settings = settings_path("project", repository, repository)
    settings.parent.mkdir()
    settings.write_text("{}")
    git(repository, "add", "-f", str(settings))
    with pytest.raises(SettingsTracked):
        wire(settings)
    assert settings.read_text() == "{}"
    assert not backups(settings)
