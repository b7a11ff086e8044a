"""The hooks in a client's settings: in groups, as Claude Code, Codex and Gemini CLI have them, or without.

``{"hooks": {EVENT: [{"matcher": …, "hooks": [ENTRY, …]}, …]}}``, and ``{"hooks": {EVENT: [ENTRY, …]}}`` of Cursor and
Copilot CLI, where an entry is its own group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

from gateway.clients.fields import objects
from gateway.clients.settings_document import SettingsDocument, SettingsWrongShape

JsonObject = dict[str, object]
IsOwn = Callable[[JsonObject], bool]


def hooks_of(document: SettingsDocument, events: Iterable[str]) -> JsonObject:
    """The groups by event.

    Raises SettingsWrongShape where the client would not find them either.
    """
    hooks = document.value.get("hooks", {})
    if not isinstance(hooks, dict):
        raise SettingsWrongShape(document.path, "its 'hooks' is not an object")
    hooks = cast("JsonObject", hooks)
    for event in events:
        if not isinstance(hooks.get(event, []), list):
            raise SettingsWrongShape(document.path, f"its 'hooks.{event}' is not a list")
    return hooks


def own_entries(groups: object, is_own: IsOwn) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Spark's entries in one event's list, each with the group it stands in."""
    for group in objects(groups):
        if is_own(group):
            yield group, group
        for entry in objects(group.get("hooks")):
            if is_own(entry):
                yield group, entry


def any_own(document: SettingsDocument, is_own: IsOwn) -> bool:
    """Whether Spark has an entry in a file, of whatever event."""
    hooks = document.value.get("hooks")
    groups = cast("JsonObject", hooks).values() if isinstance(hooks, dict) else ()
    return any(any(own_entries(value, is_own)) for value in groups)


def take_out(hooks: JsonObject, event: str, is_own: IsOwn, *, keep_places: bool = False) -> None:
    """Removes Spark's entries from one event, and the groups that are empty without them and hold nothing else.

    With ``keep_places`` such a group stays, empty, where others follow it: their places are what a client trusts.
    """
    groups = cast("list[object]", hooks[event])
    remaining: list[object] = []
    for number, group in enumerate(groups):
        if any(owner is entry for owner, entry in own_entries([group], is_own)):
            continue
        if any(own_entries([group], is_own)):
            owner = cast("JsonObject", group)
            own = [entry for _, entry in own_entries([group], is_own)]
            entries = cast("list[object]", owner["hooks"])
            left = [entry for entry in entries if not any(entry is one for one in own)]
            owner["hooks"] = left
            last = all(any(own_entries([later], is_own)) for later in groups[number + 1 :])
            if not left and {**owner, "matcher": "*"} == {"matcher": "*", "hooks": []} and (last or not keep_places):
                continue
        remaining.append(group)
    hooks[event] = remaining


def readable_by_others(settings: Path) -> bool:
    """Whether other users of the machine may read a file. Raises OSError."""
    return bool(settings.stat().st_mode & 0o077)
