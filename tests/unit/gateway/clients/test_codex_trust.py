"""Trust is recorded as Codex would, and nothing else in its config.toml is touched."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.codex.hooks_file import CODEX
from gateway.clients.codex.trust import ConfigNotToml, hook_hash, own_hashes, record, trust_in, withdraw
from gateway.clients.command_hooks import install
from gateway.clients.settings_document import SettingsReadOnly

CONFIGS = {
    "none": None,
    "empty": "",
    "plain": 'model = "gpt-5.5"\n\n[projects."/work"]\ntrust_level = "trusted"\n',
    "no end of line": 'model = "gpt-5.5"',
    "windows": 'model = "gpt-5.5"\r\n\r\n[tui]\r\ntheme = "x" # mine\r\n',
    "windows, no end of line": '[tui]\r\ntheme = "x"',
    "blank lines at the end": "a = 1\n\n\n",
    "comment at the end": "a = 1\n# [hooks.state]\n",
    "states of others": '[hooks.state."/x/hooks.json:stop:0:0"]\ntrusted_hash = "sha256:00"\n\n[z]\na = [\n 1,\n]\n',
    "states in one table": '[hooks.state]\n"/x/hooks.json:stop:0:0" = { trusted_hash = "sha256:00" }\n',
    "hooks of its own": '[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "command"\ncommand = "true"\n',
    "a text that looks like ours": 'a = """\n[hooks.state."x"]\ntrusted_hash = "1"\n"""\n',
}


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    path = tmp_path / 'it\'s "a" hömé' / "hooks.json"
    install(CODEX, path, command="exec /home/dev/.spark/bin/spark-hook --client codex --home /home/dev/.spark")
    return path


@pytest.mark.parametrize(
    ("event", "entry", "known"),
    [
        (
            "SessionStart",
            {"command": "true", "timeout": 1},
            "de4272be73476bcaf925b76079c37e370f2a1d0e8a57128c6e2906b55411f598",
        ),
        (
            "SessionEnd",
            {"command": "true ü", "timeout": 1},
            "318470bf45ea3c679a6e71db9205c4d3b634bf686122d27938fec9c3b9e317c2",
        ),
        (
            "SubagentStart",
            {"command": "true", "timeout": 1},
            "b56b21072d6e1ea9055eeccdcee264d9df6ab17a0121d581cf4dc72ea102ddb2",
        ),
    ],
)
def test_hashes_are_those_that_codex_listed(event: str, entry: dict[str, object], known: str) -> None:
    assert hook_hash(event, None, entry) == f"sha256:{known}"


def test_what_codex_does_not_tell_apart_has_one_hash() -> None:
    assert hook_hash("Stop", "x", {"command": "a"}) == hook_hash("Stop", None, {"command": "a", "timeout": 600})
    assert hook_hash("SessionEnd", None, {"command": "a", "timeout": 9}) == hook_hash(
        "SessionEnd", None, {"command": "a", "timeout": 3, "async": False}
    )
    assert hook_hash("PreToolUse", "x", {"command": "a"}) != hook_hash("PreToolUse", None, {"command": "a"})


@pytest.mark.parametrize("before", CONFIGS.values(), ids=CONFIGS)
def test_recorded_trust_comes_out_byte_for_byte(tmp_path: Path, hooks: Path, before: str | None) -> None:
    config = tmp_path / "config.toml"
    if before is not None:
        config.write_bytes(before.encode())
    hashes = own_hashes(hooks)
    assert len(hashes) == len(CODEX.events)
    assert trust_in(config, hooks).untrusted == CODEX.events

    dry = record(config, hashes, dry_run=True)
    assert (dry.changed, config.exists()) == (True, before is not None)
    done = record(config, hashes)
    assert done.diff == dry.diff
    assert trust_in(config, hooks).trusted == CODEX.events
    assert config.read_bytes().startswith((before or "").encode())
    assert not record(config, hashes).changed

    assert withdraw(config, hashes).changed
    assert (config.read_bytes().decode() if config.exists() else None) == before
    assert not withdraw(config, hashes).changed


def test_a_changed_hook_is_trusted_anew_in_its_place_only(tmp_path: Path, hooks: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("a = 1\n")
    hashes = own_hashes(hooks)
    old = dict.fromkeys(hashes, "sha256:00")
    record(config, old)
    key = next(iter(hashes))
    config.write_text(
        config.read_text().replace('"sha256:00"', '"sha256:00"\nenabled = false', 1) + "\n[after]\nb = 2\n"
    )
    assert trust_in(config, hooks).disabled == (CODEX.events[0],)
    record(config, hashes)
    found = trust_in(config, hooks)
    assert (found.disabled, found.untrusted) == ((CODEX.events[0],), ())
    parsed = tomllib.loads(config.read_text())
    assert parsed["after"] == {"b": 2}
    assert parsed["hooks"]["state"][key] == {"enabled": False, "trusted_hash": hashes[key]}
    withdraw(config, hashes)
    assert tomllib.loads(config.read_text()) == {"a": 1, "after": {"b": 2}}


@pytest.mark.parametrize(
    "text", ["a = ", "hooks = { state = {} }\n", 'hooks = "x"\n', "[hooks]\nstate = { a = { b = 1 } }\n", "\xff"]
)
def test_a_config_that_cannot_take_it_is_left_alone(tmp_path: Path, hooks: Path, text: str) -> None:
    config = tmp_path / "config.toml"
    content = text.encode("latin-1")
    config.write_bytes(content)
    with pytest.raises(ConfigNotToml, match=r"config\.toml"):
        record(config, own_hashes(hooks))
    assert config.read_bytes() == content
    assert not list(tmp_path.glob("*backup*"))


def test_a_read_only_config_is_left_alone(tmp_path: Path, hooks: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("a = 1\n")
    config.chmod(0o400)
    with pytest.raises(SettingsReadOnly):
        record(config, own_hashes(hooks))
    assert config.read_text() == "a = 1\n"


@given(
    st.text(alphabet="[]hooks.state=\"'\n\r #a1{}") | st.sampled_from(["[hooks]", "[hooks.state]\n", "[[hooks.state]]"])
)
def test_whatever_stands_there_is_kept_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    config = tmp_path_factory.mktemp("codex") / "config.toml"
    config.write_bytes(text.encode())
    hashes = {"/x/hooks.json:stop:0:0": "sha256:11", "/x/hooks.json:session_end:1:0": "sha256:22"}
    try:
        record(config, hashes)
    except ConfigNotToml:
        assert config.read_bytes() == text.encode()
        return
    withdraw(config, hashes)
    assert config.read_bytes() == text.encode()


def test_a_file_that_only_trust_was_in_goes_however_often_it_was_changed(hooks: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    record(config, own_hashes(hooks))
    install(CODEX, hooks, command="exec /home/dev/.spark/bin/spark-hook --client codex --home /x", timeout_s=3)
    record(config, own_hashes(hooks))
    withdraw(config, own_hashes(hooks))
    assert not config.exists()


def test_a_list_in_the_place_of_hooks_is_told_of(hooks: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[[hooks]]\na = 1\n")
    with pytest.raises(ConfigNotToml):
        record(config, own_hashes(hooks))
    assert config.read_text() == "[[hooks]]\na = 1\n"
