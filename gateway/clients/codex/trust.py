"""Codex's trust in hooks: it runs only those whose hash stands in its ``config.toml``, and skips others without a word.

Contract as measured on codex-cli 0.169.0: a hook is named by its file, event, group and place, and known by the SHA-256
of what it would do. Whoever writes that hash speaks for the user, so Spark does it only after they agreed.

The file is the user's and is edited as text: tables are added at its end and taken out again with the blank line
before each, everything else stays byte for byte. What came out is read again before it is written.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from gateway.clients.codex.hooks_file import CODEX
from gateway.clients.fields import objects
from gateway.clients.hook_groups import JsonObject, hooks_of
from gateway.clients.settings_document import BACKUP_MARK, SettingsDocument, SettingsError, read_settings, settings_from

WITHOUT_MATCHER: Final = frozenset({"UserPromptSubmit", "Stop", "Interrupt", "PreModelRequest", "PostModelRequest"})
"""Events whose matcher Codex does not look at, so that it is no part of what is trusted."""
DEFAULT_TIMEOUT_S: Final = 600
SHORT_EVENTS: Final = frozenset({"SessionEnd", "Interrupt"})
SHORT_TIMEOUT_S: Final = 3
"""The most that Codex gives a hook of the short events."""
ALSO_TRUSTED: Final = ("statusMessage", "additionalContextLimit")


class ConfigNotToml(SettingsError):
    """Codex's config.toml cannot be read or cannot be changed safely; it was left untouched."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What Codex makes of Spark's hooks in one file. All are names of events."""

    config: Path
    trusted: tuple[str, ...]
    untrusted: tuple[str, ...]
    disabled: tuple[str, ...]
    """Those that the user switched off in Codex."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change of config.toml, made or only planned."""

    config: Path
    changed: bool
    backup: Path | None = None
    diff: str = ""


def own_hashes(hooks_file: Path, planned: str | None = None) -> dict[str, str]:
    """The hashes that Codex has for Spark's hooks in a file, as it is or with a text that is only planned, by the key
    under which it looks for them.

    Raises SettingsNotJson, SettingsWrongShape, OSError.
    """
    document = read_settings(hooks_file) if planned is None else settings_from(hooks_file, planned)
    found: dict[str, str] = {}
    for event, groups in hooks_of(document, CODEX.events).items():
        listed = cast("list[object]", groups) if isinstance(groups, list) else []
        for place, group in enumerate(listed):
            for one in objects([group]):
                entries = one.get("hooks")
                for number, entry in enumerate(cast("list[object]", entries) if isinstance(entries, list) else []):
                    if isinstance(entry, dict) and CODEX.is_own(cast("JsonObject", entry)):
                        key = f"{hooks_file}:{snake(event)}:{place}:{number}"
                        found[key] = hook_hash(event, one.get("matcher"), cast("JsonObject", entry))
    return found


def hook_hash(event: str, matcher: object, entry: Mapping[str, object]) -> str:
    """What Codex knows a command hook by."""
    timeout = entry.get("timeout", DEFAULT_TIMEOUT_S)
    seconds = max(1, timeout) if isinstance(timeout, int) else DEFAULT_TIMEOUT_S
    does: JsonObject = {
        "type": "command",
        "command": entry["command"],
        "timeout": min(seconds, SHORT_TIMEOUT_S) if event in SHORT_EVENTS else seconds,
        "async": entry.get("async") is True,
        **{name: entry[name] for name in ALSO_TRUSTED if entry.get(name) is not None},
    }
    identity: JsonObject = {"event_name": snake(event), "hooks": [does]}
    if matcher is not None and event not in WITHOUT_MATCHER:
        identity["matcher"] = matcher
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(canonical.encode('utf-8', 'surrogateescape')).hexdigest()}"


def snake(event: str) -> str:
    """`PreToolUse` as Codex has it in keys: `pre_tool_use`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


def config_path(home: Path) -> Path:
    """Codex's config.toml, where trust stands for hooks of every scope."""
    return CODEX.user_folder(home) / "config.toml"


def trust_in(config: Path, hooks_file: Path, planned: str | None = None) -> Trust:
    """What Codex makes of the hooks in a file, as it is or as planned. Raises SettingsError, OSError."""
    states = _states(_parsed(_read(config)))
    names = {snake(event): event for event in CODEX.events}
    told: dict[str, list[str]] = {"trusted": [], "untrusted": [], "disabled": []}
    for key, wanted in own_hashes(hooks_file, planned).items():
        state = states.get(key, {})
        trusted = "trusted" if state.get("trusted_hash") == wanted else "untrusted"
        event = key.removeprefix(f"{hooks_file}:").split(":")[0]
        told["disabled" if state.get("enabled") is False else trusted].append(names.get(event, event))
    return Trust(config, tuple(told["trusted"]), tuple(told["untrusted"]), tuple(told["disabled"]))


def trusts_project(config: Path, root: Path) -> bool:
    """Whether Codex trusts the project in a folder: of others it runs no hooks. Raises SettingsError, OSError."""
    projects = _parsed(_read(config)).get("projects")
    if not isinstance(projects, dict):
        return False
    named = {str(root), os.path.realpath(root)}
    levels = [one for path, one in cast("JsonObject", projects).items() if path in named]
    return any(isinstance(one, dict) and cast("JsonObject", one).get("trust_level") == "trusted" for one in levels)


def record(config: Path, hashes: Mapping[str, str], *, dry_run: bool = False) -> Recorded:
    """Writes that the user trusts these hooks; what is trusted already, and all else, stays as it is.

    Raises ConfigNotToml, SettingsReadOnly, OSError; the file is then as it was.
    """
    document = _read(config)
    before = _parsed(document)
    states = _states(before)
    missing = {key: wanted for key, wanted in hashes.items() if states.get(key, {}).get("trusted_hash") != wanted}
    if not missing:
        return Recorded(config, changed=False)
    text = _without(document.text or "", missing)
    newline = "\r\n" if "\r\n" in text else "\n"
    open_end = bool(text) and not text.endswith("\n")
    for key, wanted in missing.items():
        kept = [f"enabled = {json.dumps(states[key]['enabled'])}"] if isinstance(_enabled(states, key), bool) else []
        lines = ["", f"[hooks.state.{_quoted(key)}]", *kept, f'trusted_hash = "{wanted}"', ""]
        text += (newline if text and not text.endswith("\n") else "") + newline.join(lines)
    # A file whose last line had no end gets none either, by which that is known at removal.
    text = text.removesuffix(newline) if open_end else text
    after = {key: {**states.get(key, {}), "trusted_hash": wanted} for key, wanted in missing.items()}
    _check(config, text, before, {**states, **after})
    return _write(document, text, dry_run=dry_run)


def withdraw(config: Path, keys: Mapping[str, str], *, dry_run: bool = False) -> Recorded:
    """Takes out what stands about these hooks. A file that holds nothing else goes. Raises as ``record`` does."""
    document = _read(config)
    before = _parsed(document)
    states = _states(before)
    there = {key: keys[key] for key in keys if key in states}
    if not there:
        return Recorded(config, changed=False)
    text = _without(document.text or "", there)
    _check(config, text, before, {key: state for key, state in states.items() if key not in there})
    return _write(document, text if text.strip() or _had_file(document) else None, dry_run=dry_run)


def _had_file(document: SettingsDocument) -> bool:
    """Whether there was a file, a blank one, before Spark came."""
    backups = document.path.parent.glob(f"{glob.escape(document.path.name)}{BACKUP_MARK}*")
    return any(not backup.read_bytes().strip() for backup in backups)


def _read(config: Path) -> SettingsDocument:
    try:
        return SettingsDocument(config, config.read_bytes().decode("utf-8"), {})
    except FileNotFoundError:
        return SettingsDocument(config, None, {})
    except ValueError as error:
        raise ConfigNotToml(config, f"is not UTF-8 ({error})") from error


def _parsed(document: SettingsDocument) -> dict[str, object]:
    try:
        return tomllib.loads(document.text or "")
    except (ValueError, RecursionError) as error:
        raise ConfigNotToml(document.path, f"is not valid TOML ({error}); mend it, then try again") from error


def _states(config: Mapping[str, object]) -> dict[str, dict[str, object]]:
    hooks = config.get("hooks")
    states = cast("JsonObject", hooks).get("state") if isinstance(hooks, dict) else None
    if not isinstance(states, dict):
        return {}
    return {key: cast("JsonObject", one) for key, one in cast("JsonObject", states).items() if isinstance(one, dict)}


def _enabled(states: Mapping[str, Mapping[str, object]], key: str) -> object:
    return states.get(key, {}).get("enabled")


def _without(text: str, keys: Mapping[str, str]) -> str:
    """The text without the tables of these hooks, from the blank line before each to its last line."""
    open_end = not text.endswith("\n")
    ended = text + "\n" if open_end else text
    gone_at_end = False
    for key in keys:
        spellings = "|".join(re.escape(spelling) for spelling in (_quoted(key), f"'{key}'"))
        header = rf"^[ \t]*\[[ \t]*hooks[ \t]*\.[ \t]*state[ \t]*\.[ \t]*(?:{spellings})[ \t]*\][ \t]*(?:#.*)?\r?\n"
        lines = r"(?:[ \t]*(?:trusted_hash|enabled)[ \t]*=.*\r?\n)*"
        found = re.search(rf"(?:^[ \t]*\r?\n)?{header}{lines}", ended, re.MULTILINE)
        if found is not None:
            gone_at_end = found.end() == len(ended)
            ended = ended[: found.start()] + ended[found.end() :]
    if open_end and (gone_at_end or ended != text + "\n"):
        return ended.removesuffix("\n").removesuffix("\r")
    return text if open_end else ended


def _quoted(key: str) -> str:
    """A key as a basic string of TOML."""
    return json.dumps(key, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check(config: Path, text: str, before: Mapping[str, object], states: Mapping[str, object]) -> None:
    """Raises ConfigNotToml unless the text says what was there before, but for these states."""

    def rest(value: Mapping[str, object]) -> JsonObject:
        hooks = value.get("hooks")
        if isinstance(hooks, dict):
            hooks = {key: one for key, one in cast("JsonObject", hooks).items() if key != "state"}
        return {**{key: one for key, one in value.items() if key != "hooks"}, **({"hooks": hooks} if hooks else {})}

    try:
        after = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigNotToml(config, f"cannot be changed safely ({error}); trust the hooks in codex itself") from error
    if rest(after) != rest(before) or _states(after) != states:
        raise ConfigNotToml(config, "writes these entries in a way that Spark leaves alone; use /hooks in codex")


def _write(document: SettingsDocument, text: str | None, *, dry_run: bool) -> Recorded:
    diff = document.diff(text)
    if dry_run:
        return Recorded(document.path, changed=True, diff=diff)
    backup = document.remove() if text is None else document.write(text)
    return Recorded(document.path, changed=True, backup=backup, diff=diff)
