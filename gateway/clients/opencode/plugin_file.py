"""Puts Spark's plugin where OpenCode looks for plugins, says what is there, and takes exactly that out again.

OpenCode loads every file of its plugin folders, so the plugin is a file of Spark's own, known by its first line. It
holds no secret, only the path of Spark's home; in a project it is kept out of git where git does not track it yet.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gateway.clients.change import Change
from gateway.clients.git_exclude import exclude_unless_tracked, is_tracked, restore_to_git
from gateway.clients.settings_document import SettingsDocument, SettingsWrongShape

SOURCE: Final = Path(__file__).with_name("plugin.js")
NAME: Final = "spark.js"
MARK: Final = "// Spark's plugin for OpenCode, "
HOME_LINE: Final = re.compile(r'^const HOME = (".*")$', re.MULTILINE)
HOOKS: Final = ("event", "chat.message", "tool.execute.after", "experimental.chat.messages.transform")
"""What the plugin hooks into."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is there at present."""

    plugin: Path
    installed: bool
    home: Path | None
    """The Spark home that it asks; None when nothing is installed or it does not say."""
    current: bool
    """Whether it is the plugin that would be installed now."""


def plugin_path(scope: Literal["user", "project"], root: Path, home: Path) -> Path:
    """The plugin's file of a scope: in the user's own folder, or in that of the project at ``root``."""
    return (user_folder(home) if scope == "user" else root / ".opencode") / "plugins" / NAME


def user_folder(home: Path) -> Path:
    """Where the user's own configuration lies."""
    configured = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else home / ".config") / "opencode"


def plugin_for(spark_home: Path) -> str:
    """The plugin that asks the Spark of a home."""
    literal = json.dumps(str(spark_home.expanduser().absolute()))
    return SOURCE.read_text("utf-8").replace('"@SPARK_HOME@"', literal)


def install(plugin: Path, *, spark_home: Path, project: bool = False, dry_run: bool = False) -> Change:
    """Writes the plugin; running it again changes nothing. A ``dry_run`` writes nothing.

    Raises SettingsWrongShape when another's file has its name, SettingsReadOnly, OSError; the file is then as it was.
    """
    document, wanted = _read(plugin), plugin_for(spark_home)
    if document.text == wanted:
        return Change(plugin, kept=HOOKS, tracked=project and is_tracked(plugin))
    replaced = HOOKS if document.text is not None else ()
    diff = document.diff(wanted)
    if dry_run:
        return Change(plugin, HOOKS, replaced, diff=diff)
    document.refuse_read_only()
    exclude, tracked = exclude_unless_tracked(plugin) if project else (None, False)
    backup = document.write(wanted)
    return Change(plugin, HOOKS, replaced, backup=backup, git_exclude=exclude, diff=diff, tracked=tracked)


def uninstall(plugin: Path, *, project: bool = False, dry_run: bool = False) -> Change:
    """Removes the plugin, leaving a backup. Raises as ``install`` does."""
    document = _read(plugin)
    if document.text is None:
        return Change(plugin)
    diff = document.diff(None)
    if dry_run:
        return Change(plugin, removed=HOOKS, diff=diff)
    backup = document.remove()
    return Change(
        plugin, removed=HOOKS, backup=backup, git_exclude=restore_to_git(plugin) if project else None, diff=diff
    )


def status(plugin: Path, *, spark_home: Path) -> Status:
    """Reads what is there and compares it with the plugin for ``spark_home``. Raises SettingsWrongShape, OSError."""
    text = _read(plugin).text
    if text is None:
        return Status(plugin, installed=False, home=None, current=False)
    named = HOME_LINE.search(text)
    try:
        asked = Path(json.loads(named.group(1))) if named else None
    except ValueError:
        asked = None
    return Status(plugin, installed=True, home=asked, current=text == plugin_for(spark_home))


def _read(plugin: Path) -> SettingsDocument:
    try:
        text = plugin.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return SettingsDocument(plugin, None, {})
    except UnicodeDecodeError:
        text = ""
    if not text.startswith(MARK):
        raise SettingsWrongShape(plugin, "is not Spark's plugin; move it away, then try again")
    return SettingsDocument(plugin, text, {})
