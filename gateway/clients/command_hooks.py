"""Wires Spark's command hooks into the settings of clients that have no HTTP hooks, and takes exactly that out again.

Spark knows its entries again by their form: a command that runs the shim for that client. What was there before the
first installation, down to a user's empty list, is told by the newest backup that holds nothing of Spark's. The command
holds no secret, only paths of this machine; in a project the file is nevertheless kept out of git where git does not
track it yet.
"""

from __future__ import annotations

import copy
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from gateway.clients.change import Change
from gateway.clients.fields import mapping, objects
from gateway.clients.git_exclude import exclude_unless_tracked, is_tracked, restore_to_git
from gateway.clients.hook_groups import JsonObject, any_own, hooks_of, own_entries, take_out
from gateway.clients.settings_document import SettingsDocument, SettingsNotJson, read_settings, settings_from
from gateway.clients.shim.native import SHIM_NAME


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one client's settings differ in."""

    client: str
    """The name in ``/v1/hooks/{client}``."""
    folder: str
    """Its folder in a home or a repository."""
    file: str
    events: tuple[str, ...]
    timeouts_per_s: int = 1
    """Units of its timeouts in a second."""
    comments: bool = False
    """Whether it reads JSON with comments."""
    byte_order_mark: bool = True
    """Whether it reads a file that begins with one."""
    by_place: bool = False
    """Whether it trusts a hook by its place, so that no other may move."""
    extra: Mapping[str, object] | None = None
    """More fields of an entry."""
    home_variable: str = ""
    """The variable that names its folder in place of the home's."""
    parent_variable: str = ""
    """The variable that names what its folder lies in, in place of the home."""
    project_folder: str = ""
    """Its folder in a repository, where that has another name."""
    version: int | None = None
    """What its files say as ``version``; None where they say none."""
    grouped: bool = True
    """Whether entries stand in groups."""
    command_field: str = "command"
    timeout_field: str = "timeout"
    off_switch: tuple[str, ...] = ("disableAllHooks",)
    """Where in its file stands what switches off every hook, from the top level down."""
    off_value: bool = True
    """What stands there then."""
    always_answers: bool = False
    """Whether a command that prints nothing, or ends badly, could keep it from going on."""

    def user_folder(self, home: Path) -> Path:
        """Where the user's own settings lie. As Codex does: a folder that was named is taken without its links."""
        named = os.environ.get(self.home_variable) if self.home_variable else None
        if named:
            return Path(os.path.realpath(named))
        parent = os.environ.get(self.parent_variable) if self.parent_variable else None
        return (Path(parent) if parent else home) / self.folder

    def settings_path(self, scope: Literal["user", "project"], root: Path, home: Path) -> Path:
        """The settings file of a scope: the user's own, or that of the project at ``root``."""
        in_project = root / (self.project_folder or self.folder)
        return (self.user_folder(home) if scope == "user" else in_project) / self.file

    def is_own(self, entry: JsonObject) -> bool:
        """Whether an entry is one of Spark's for this client."""
        command = str(entry.get(self.command_field))
        runs = re.search(rf"/bin/{SHIM_NAME}(?:\.py)?'? --client {re.escape(self.client)} ", command)
        return entry.get("type", "command") == "command" and runs is not None

    def switched_off(self, settings: Mapping[str, object]) -> bool:
        """Whether settings switch off every hook."""
        *above, name = self.off_switch
        for each in above:
            settings = mapping(settings, each)
        return settings.get(name) is self.off_value

    def entry(self, command: str, timeout_s: int) -> JsonObject:
        """The entry that runs a command."""
        timeout = {self.timeout_field: timeout_s * self.timeouts_per_s}
        return {"type": "command", self.command_field: command, **timeout, **(self.extra or {})}


@dataclass(frozen=True, slots=True)
class Status:
    """What is wired at present."""

    settings: Path
    wired: tuple[str, ...]
    missing: tuple[str, ...]
    commands: tuple[str, ...]
    """The distinct commands of the entries; one when all is well."""
    command_matches: bool | None
    """Whether every entry runs the given command; None when none was given or nothing is wired."""
    shim_runs: bool
    """Whether every program that the entries name is there and can be run."""
    hooks_disabled: bool
    """Whether this file switches off every hook."""


def install(
    dialect: Dialect, settings: Path, *, command: str, timeout_s: int = 1, project: bool = False, dry_run: bool = False
) -> Change:
    """Adds one entry for each event, behind all others; running it again with the same values changes nothing.

    An entry of an earlier installation is changed where it stands. ``timeout_s`` is what a hanging gateway may cost the
    agent at each hook, in seconds; a ``dry_run`` writes nothing. Raises SettingsNotJson, SettingsWrongShape,
    SettingsReadOnly, OSError; the file is then as it was.
    """
    document = _read(dialect, settings)
    hooks = hooks_of(document, dialect.events)
    entry = dialect.entry(command, timeout_s)
    value: JsonObject = copy.deepcopy(document.value)
    if dialect.version is not None:
        value.setdefault("version", dialect.version)
    target = cast("JsonObject", value.setdefault("hooks", {}))
    kept: list[str] = []
    removed: list[str] = []
    for event in dialect.events:
        groups = cast("list[object]", target.setdefault(event, []))
        own = [found for _, found in own_entries(groups, dialect.is_own)]
        if own == [entry]:
            kept.append(event)
            continue
        removed += [event] if own else []
        if own:
            own[0].clear()
            own[0].update(entry)
            _drop(groups, own[1:])
        else:
            groups.append({"hooks": [dict(entry)]} if dialect.grouped else dict(entry))
    for event in [event for event in hooks if event not in dialect.events]:
        if any(own_entries(hooks[event], dialect.is_own)):
            _take_out(dialect, target, event, earlier=())
            removed.append(event)
    added = tuple(event for event in dialect.events if event not in kept)
    if not added and not removed:
        return Change(settings, kept=dialect.events, tracked=project and _tracked(settings))
    text = document.changed_to(value)
    change = Change(settings, added, tuple(removed), tuple(kept), diff=document.diff(text), planned=text)
    if dry_run:
        return change
    document.refuse_read_only()
    exclude, tracked = exclude_unless_tracked(settings) if project else (None, False)
    backup = document.write(text)
    return Change(settings, added, tuple(removed), tuple(kept), backup, exclude, diff=change.diff, tracked=tracked)


def uninstall(dialect: Dialect, settings: Path, *, project: bool = False, dry_run: bool = False) -> Change:
    """Removes Spark's entries and the containers that only they had filled; a file that only they had made goes too.

    Raises as ``install`` does.
    """
    document = _read(dialect, settings)
    hooks = hooks_of(document, dialect.events)
    removed = tuple(event for event in hooks if any(own_entries(hooks[event], dialect.is_own)))
    if not removed:
        return Change(settings)
    original = document.original(lambda found: not any_own(found, dialect.is_own))
    before = original.value.get("hooks") if original is not None else None
    earlier = tuple(cast("JsonObject", before)) if isinstance(before, dict) else ()
    value = copy.deepcopy(document.value)
    target = cast("JsonObject", value["hooks"])
    for event in removed:
        _take_out(dialect, target, event, earlier)
    if not target and before is None:
        del value["hooks"]
    if dialect.version is not None and _version_is_ours(value, original):
        del value["version"]
    gone = not value and (original is None or original.text is None)
    text = None if gone else document.changed_back(value, original)
    diff = document.diff(text)
    if dry_run:
        return Change(settings, removed=removed, diff=diff)
    backup = document.remove() if text is None else document.write(text)
    exclude = restore_to_git(settings) if project else None
    return Change(settings, removed=removed, backup=backup, git_exclude=exclude, diff=diff)


def status(dialect: Dialect, settings: Path, *, command: str | None = None, planned: str | None = None) -> Status:
    """Reads what is wired, or what a ``planned`` text would wire, and compares it with the ``command`` that would be
    installed now, where given.

    Raises SettingsNotJson, SettingsWrongShape, OSError.
    """
    planning = planned is not None
    document = settings_from(settings, planned, comments=dialect.comments) if planning else _read(dialect, settings)
    hooks = hooks_of(document, dialect.events)
    entries = {event: [entry for _, entry in own_entries(hooks[event], dialect.is_own)] for event in hooks}
    wired = tuple(event for event in dialect.events if entries.get(event))
    commands = tuple(sorted({str(entry[dialect.command_field]) for found in entries.values() for entry in found}))
    return Status(
        settings=settings,
        wired=wired,
        missing=tuple(event for event in dialect.events if event not in wired),
        commands=commands,
        command_matches=commands == (command,) if command is not None and commands else None,
        shim_runs=bool(commands) and all(runs(each) for each in commands),
        hooks_disabled=dialect.switched_off(document.value),
    )


def runs(command: str) -> bool:
    """Whether the programs that a hook's command names are there and can be run."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    programs = words[words.index("exec") + 1 :] if "exec" in words else words
    native = [Path(word) for word in programs if word.endswith(f"/bin/{SHIM_NAME}")]
    python = [Path(word) for word in programs if word.endswith(f"/bin/{SHIM_NAME}.py")]
    interpreter = Path(programs[0]) if python and programs else None
    return (
        bool(native or python)
        and all(path.is_file() and os.access(path, os.X_OK) for path in native)
        and all(path.is_file() for path in python)
        and (interpreter is None or os.access(interpreter, os.X_OK))
    )


def _read(dialect: Dialect, settings: Path) -> SettingsDocument:
    document = read_settings(settings, comments=dialect.comments)
    if not dialect.byte_order_mark and (document.text or "").startswith("\ufeff"):
        raise SettingsNotJson(settings, "begins with a byte order mark, and its client drops such a file; take it out")
    return document


def _version_is_ours(value: JsonObject, original: SettingsDocument | None) -> bool:
    """Whether Spark put the version in; what others put into a file that Spark made needs it all the same."""
    return value.keys() == {"version"} if original is None else "version" in value and "version" not in original.value


def _take_out(dialect: Dialect, hooks: JsonObject, event: str, earlier: tuple[str, ...]) -> None:
    take_out(hooks, event, dialect.is_own, keep_places=dialect.by_place)
    if hooks[event] == [] and event not in earlier:
        del hooks[event]


def _drop(groups: list[object], surplus: list[JsonObject]) -> None:
    """Removes entries that are there once more than they should, and their groups when nothing else is in them."""
    groups[:] = [each for each in groups if not any(each is one for one in surplus)]
    for group in objects(groups):
        entries = group.get("hooks")
        if not isinstance(entries, list) or not entries:
            continue
        entries = cast("list[object]", entries)
        entries[:] = [entry for entry in entries if not any(entry is one for one in surplus)]
        if not entries:
            groups[:] = [each for each in groups if each is not group]


def _tracked(settings: Path) -> bool:
    return settings.parent.is_dir() and is_tracked(settings)
