"""Wires Spark's hooks into Claude Code's settings.json, says what is wired, and takes exactly that out again.

The entries carry the gateway's address, port included, and its token. The gateway must therefore keep one default port
from start to start; after a change of port or token, installing again replaces the entries. Nothing secret or bound to
one machine may be committed, so a project is wired through ``.claude/settings.local.json``, the client's uncommitted
file, and git is told to ignore it where it does not yet.

Spark knows its entries again by their form: an http hook whose url ends in ``HOOK_PATH`` and that sends
``MARK_HEADER``, and a command that runs the installed shim. The header's value also notes which of the containers
around the entries were there before, so that uninstalling leaves even a user's empty list as it was.
"""

from __future__ import annotations

import copy
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from gateway.clients.change import Change
from gateway.clients.claude_code.shim import SHIM_NAME
from gateway.clients.git_exclude import exclude_from_git, restore_to_git
from gateway.clients.hook_groups import JsonObject, any_own, hooks_of, own_entries, readable_by_others, take_out
from gateway.clients.settings_document import (
    BACKUP_MARK,
    SettingsDocument,
    read_settings,
)

HOOK_PATH = "/v1/hooks/claude-code"
MARK_HEADER = "X-Spark-Hook"
TOOL_EVENTS = ("PreToolUse", "PostToolUse", "PostToolUseFailure")
"""The events whose groups take a matcher for the tool's name."""
HTTP_EVENTS = (
    "UserPromptSubmit",
    *TOOL_EVENTS,
    # One more call for each model step, but the only event that shows a refused call.
    "PostToolBatch",
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "SessionEnd",
)
COMMAND_EVENT = "SessionStart"
"""The client skips http hooks at this event without a word."""
EVENTS = (COMMAND_EVENT, *HTTP_EVENTS)

_PROJECT_FILE = "settings.local.json"
_MARK_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Status:
    """What is wired at present."""

    settings: Path
    wired: tuple[str, ...]
    missing: tuple[str, ...]
    urls: tuple[str, ...]
    """The distinct addresses that the http entries call; one when all is well."""
    url_matches: bool | None
    """Whether every entry calls the given url; None when none was given or nothing is wired."""
    token_matches: bool | None
    """Whether every entry sends the given token; None when none was given or nothing is wired."""
    command_matches: bool | None
    """Whether the command entry runs the given command; None when none was given or none is wired."""
    shim_exists: bool
    """Whether the command entry names a shim that is there."""
    hooks_disabled: bool
    """Whether this file switches off every hook (``disableAllHooks``)."""


def settings_path(scope: Literal["user", "project"], root: Path, home: Path) -> Path:
    """The settings file of a scope: the user's own (``CLAUDE_CONFIG_DIR``, else ``~/.claude``), or the uncommitted one
    of the project at ``root``."""
    return root / ".claude" / _PROJECT_FILE if scope == "project" else user_folder(home) / "settings.json"


def user_folder(home: Path) -> Path:
    """Where the user's own settings and sessions lie."""
    configured = os.environ.get("CLAUDE_CONFIG_DIR")
    return Path(configured) if configured else home / ".claude"


def install(
    settings: Path, *, url: str, token: str, shim_command: str, timeout_s: int = 1, dry_run: bool = False
) -> Change:
    """Adds one entry for each of ``EVENTS``; running it again with the same values changes nothing.

    ``url`` is the gateway's base address (``http://127.0.0.1:PORT``), ``timeout_s`` what a hanging gateway may cost the
    agent at each hook, in seconds; a ``dry_run`` writes nothing. Raises SettingsNotJson, SettingsWrongShape,
    SettingsReadOnly, SettingsTracked, OSError; the file is then as it was.
    """
    document = read_settings(settings)
    hooks = hooks_of(document, EVENTS)
    earlier = _containers_before(document)
    wanted = _wanted_groups(url, token, shim_command, timeout_s, earlier)
    value = copy.deepcopy(document.value)
    target = cast("JsonObject", value.setdefault("hooks", {}))
    kept = tuple(
        event for event in EVENTS if [group for group, _ in own_entries(hooks.get(event), is_own)] == [wanted[event]]
    )
    removed = tuple(event for event in hooks if event not in kept and any(own_entries(hooks[event], is_own)))
    for event in removed:
        take_out(target, event, is_own)
    added = tuple(event for event in EVENTS if event not in kept)
    for event in added:
        cast("list[object]", target.setdefault(event, [])).append(wanted[event])
    for event in removed:
        if target.get(event) == [] and event not in earlier:
            del target[event]
    if not added and not removed:
        return Change(settings, kept=kept, readable_by_others=readable_by_others(settings))
    text = document.changed_to(value)
    diff = document.diff(text)
    if dry_run:
        return Change(settings, added, removed, kept, diff=diff)
    document.refuse_read_only()
    exclude = _exclude(settings)
    backup = document.write(text)
    return Change(settings, added, removed, kept, backup, exclude, readable_by_others(settings), diff)


def uninstall(settings: Path, *, dry_run: bool = False) -> Change:
    """Removes Spark's entries and the containers that only they had filled; a file that only they had made goes too.

    The line in git's exclude file that hides backups stays, because backups hold a token. Raises as ``install`` does.
    """
    document = read_settings(settings)
    hooks = hooks_of(document, EVENTS)
    earlier = _containers_before(document)
    removed = tuple(event for event in hooks if any(own_entries(hooks[event], is_own)))
    if not removed:
        return Change(settings)
    value = copy.deepcopy(document.value)
    target = cast("JsonObject", value["hooks"])
    for event in removed:
        take_out(target, event, is_own)
        if target[event] == [] and event not in earlier:
            del target[event]
    if not target and "hooks" not in earlier:
        del value["hooks"]
    gone = not value and "file" not in earlier
    text = None if gone else document.changed_back(value, document.original(lambda found: not any_own(found, is_own)))
    diff = document.diff(text)
    if dry_run:
        return Change(settings, removed=removed, diff=diff)
    backup = document.remove() if text is None else document.write(text)
    exclude = restore_to_git(settings) if settings.name == _PROJECT_FILE else None
    return Change(settings, removed=removed, backup=backup, git_exclude=exclude, diff=diff)


def status(settings: Path, *, url: str | None = None, token: str | None = None, command: str | None = None) -> Status:
    """Reads what is wired and compares it with the gateway's present ``url`` and ``token``, and the ``command`` that
    would be wired now, where given.

    Raises SettingsNotJson, SettingsWrongShape, OSError.
    """
    document = read_settings(settings)
    entries = {
        event: [entry for _, entry in own_entries(value, is_own)] for event, value in hooks_of(document, EVENTS).items()
    }
    wired = tuple(event for event in EVENTS if entries.get(event))
    http = [entry for found in entries.values() for entry in found if entry.get("type") == "http"]
    urls = tuple(sorted({str(entry["url"]) for entry in http}))
    commands = {str(entry["command"]) for found in entries.values() for entry in found if "command" in entry}
    headers = [_headers(entry).get("authorization") for entry in http]
    return Status(
        settings=settings,
        wired=wired,
        missing=tuple(event for event in EVENTS if event not in wired),
        urls=urls,
        url_matches=urls == (_hook_url(url),) if url is not None and http else None,
        token_matches=all(header == f"Bearer {token}" for header in headers) if token is not None and http else None,
        command_matches=commands == {command} if command is not None and commands else None,
        shim_exists=any(_shim_exists(entry) for entry in entries.get(COMMAND_EVENT, [])),
        hooks_disabled=document.value.get("disableAllHooks") is True,
    )


def _wanted_groups(url: str, token: str, command: str, timeout_s: int, earlier: list[str]) -> dict[str, JsonObject]:
    mark = "; had=".join([_MARK_VERSION, *([",".join(earlier)] if earlier else [])])
    http: JsonObject = {
        "type": "http",
        "url": _hook_url(url),
        "timeout": timeout_s,
        "headers": {"Authorization": f"Bearer {token}", MARK_HEADER: mark},
    }
    groups: dict[str, JsonObject] = {event: {"hooks": [copy.deepcopy(http)]} for event in HTTP_EVENTS}
    for event in TOOL_EVENTS:
        groups[event] = {"matcher": "*", **groups[event]}
    groups[COMMAND_EVENT] = {"hooks": [{"type": "command", "command": command, "timeout": timeout_s}]}
    return groups


def _containers_before(document: SettingsDocument) -> list[str]:
    """What was there before the first installation: as noted in an entry of that time, else as found now."""
    hooks = hooks_of(document, EVENTS)
    for value in hooks.values():
        for _, entry in own_entries(value, is_own):
            if entry.get("type") == "http":
                noted = _headers(entry)[MARK_HEADER.lower()].partition("had=")[2]
                return noted.split(",") if noted else []
    file = ["file"] if document.text is not None else []
    return [*file, *(["hooks"] if "hooks" in document.value else []), *(event for event in EVENTS if event in hooks)]


def is_own(entry: JsonObject) -> bool:
    """Whether an entry is one of Spark's."""
    if entry.get("type") == "command":
        return f"/bin/{SHIM_NAME}" in str(entry.get("command"))
    try:
        path = urlsplit(str(entry.get("url"))).path
    except ValueError:
        return False
    return entry.get("type") == "http" and path.endswith(HOOK_PATH) and MARK_HEADER.lower() in _headers(entry)


def _headers(entry: JsonObject) -> dict[str, str]:
    headers = entry.get("headers")
    if not isinstance(headers, dict):
        return {}
    return {name.lower(): str(value) for name, value in cast("JsonObject", headers).items()}


def _hook_url(base: str) -> str:
    return base.rstrip("/") + HOOK_PATH


def _shim_exists(entry: JsonObject) -> bool:
    try:
        words = shlex.split(str(entry.get("command")))
    except ValueError:
        return False
    return any(word.endswith(f"/bin/{SHIM_NAME}") and Path(word).is_file() for word in words)


def _exclude(settings: Path) -> Path | None:
    if settings.name != _PROJECT_FILE:
        return None
    settings.parent.mkdir(parents=True, exist_ok=True)
    file = exclude_from_git(settings)
    return exclude_from_git(settings, f"{BACKUP_MARK}*") or file
