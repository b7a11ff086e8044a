"""Where `spark import` looks when nobody says."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from host.cli.importing import default_paths

VARIABLES = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own folder; no client was told of another."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path.resolve()


def made(*folders: Path) -> tuple[Path, ...]:
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


def test_sessions_are_sought_where_clients_keep_them(home: Path) -> None:
    usual = made(home / ".claude" / "projects", home / ".codex" / "sessions", home / ".gemini" / "tmp")
    assert default_paths() == usual


def test_sessions_are_sought_where_clients_were_told_to_keep_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(home / ".claude" / "projects", home / ".codex" / "sessions", home / ".gemini" / "tmp")
    told = made(home / "a" / "projects", home / "b" / "sessions", home / "c" / ".gemini" / "tmp")
    for name, folder in zip(VARIABLES, "abc", strict=True):
        monkeypatch.setenv(name, str(home / folder))
    assert default_paths() == told


def test_where_there_are_none_it_is_said_where_they_were_sought(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "a"))
    with pytest.raises(click.UsageError, match="/a/projects, "):
        default_paths()
