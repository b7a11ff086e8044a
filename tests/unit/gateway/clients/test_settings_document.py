"""A file that other people own: what they do meanwhile, and what goes wrong half way, loses nothing of theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.clients.claude_code import hooks_file
from gateway.clients.settings_document import BACKUP_MARK, SettingsChanged, read_settings


@pytest.mark.parametrize("before", [None, "{}"])
def test_what_somebody_wrote_meanwhile_stays(tmp_path: Path, before: str | None) -> None:
    settings = tmp_path / "settings.json"
    if before is not None:
        settings.write_text(before)
    document = read_settings(settings)
    settings.write_text('{"theme": "dark"}')
    with pytest.raises(SettingsChanged, match="run it again"):
        document.write('{"hooks": {}}')
    if before is not None:
        with pytest.raises(SettingsChanged):
            document.remove()
    assert settings.read_text() == '{"theme": "dark"}'


def test_half_a_backup_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text("{}")

    def full(_: int, __: int) -> None:
        raise OSError(28, "No space left on device")

    document = read_settings(settings)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fchmod", full)
        with pytest.raises(OSError, match="No space"):
            document.write('{"a": 1}')
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
    assert settings.read_text() == "{}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes files of others")
def test_root_leaves_a_user_s_file_to_its_user(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text("{}")
    os.chown(settings, 12345, 23456)
    backup = read_settings(settings).write('{"a": 1}')
    assert backup is not None
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (settings, backup)} == {(12345, 23456)}


@pytest.mark.parametrize(
    "text",
    ["", "\n", "  \n\n", "\ufeff", '{"model": "opus"}', '{\n\t"a" : [ 1,2 ]\n}', '{"hooks": {"Stop": []}}\r\n'],
)
def test_a_file_comes_back_byte_for_byte(tmp_path: Path, text: str) -> None:
    settings = tmp_path / "settings.json"
    settings.write_bytes(text.encode())
    hooks_file.install(settings, url="http://127.0.0.1:7761", token="t", shim_command="/x/bin/spark-session-start.py")
    hooks_file.uninstall(settings)
    assert settings.read_bytes() == text.encode()


def test_what_the_user_changed_since_is_kept_at_the_end(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text('{"model": "opus"}')
    hooks_file.install(settings, url="http://127.0.0.1:7761", token="t", shim_command="/x/bin/spark-session-start.py")
    settings.write_text(settings.read_text().replace("opus", "sonnet"))
    hooks_file.uninstall(settings)
    assert settings.read_text() == '{"model": "sonnet"}'
    assert list(tmp_path.glob(f"*{BACKUP_MARK}*"))
