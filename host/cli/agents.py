"""The agents that Spark can be wired to: where the settings of each lie, what is wired, and how to change it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from chassis.identity import local_token, token_in
from gateway.clients import command_hooks
from gateway.clients.change import Change
from gateway.clients.claude_code import hooks_file
from gateway.clients.claude_code.shim import install_shim, shim_command, shim_path
from gateway.clients.codex import trust
from gateway.clients.codex.hooks_file import CODEX
from gateway.clients.command_hooks import Dialect
from gateway.clients.copilot.hooks_file import COPILOT
from gateway.clients.cursor.hooks_file import CURSOR
from gateway.clients.gemini.hooks_file import GEMINI
from gateway.clients.opencode import plugin_file
from gateway.clients.settings_document import SettingsError
from gateway.clients.shim.command import hook_command, install_hook_shim, python_path
from gateway.clients.shim.native import native_binary, native_path
from host.cli.wiring import (
    Address,
    Scope,
    document_of,
    file_of,
    root_here,
    stopping_in,
    switched_off,
    troubles_of,
    wired_in,
)

HIDDEN_TOKEN = "<token>"  # noqa: S105  (what is shown in its place)


@dataclass(frozen=True)
class Place:
    """What is wired in one settings file of an agent, and what keeps it from working."""

    scope: Scope
    settings: Path
    installed: bool
    troubles: list[str] = field(default_factory=list[str])
    stopping: list[str] = field(default_factory=list[str])
    """Those of them with which no hook runs."""
    commands: tuple[str, ...] = ()
    """What its hooks run, where they are commands of Spark's."""
    document: dict[str, object] = field(default_factory=dict[str, object])


class Agent(Protocol):
    """One agent."""

    @property
    def name(self) -> str:
        """What a user calls it on the command line."""
        ...

    @property
    def title(self) -> str:
        """Its own name."""
        ...

    def found(self) -> str:
        """By what it is known that this machine has it; empty where it has not."""
        ...

    def settings(self, scope: Scope) -> Path:
        """The settings file of a scope."""
        ...

    def place(self, scope: Scope, home: Path, address: Address) -> Place:
        """What is wired in a scope."""
        ...

    def install(self, scope: Scope, home: Path, address: Address, timeout: int, *, dry_run: bool) -> Change:
        """Wires it, with the program that its hooks run. Raises SettingsError, OSError."""
        ...

    def uninstall(self, scope: Scope, *, dry_run: bool) -> Change:
        """Takes out what `install` put in. Raises SettingsError, OSError."""
        ...

    def program(self, home: Path) -> Path:
        """The program that its hooks run."""
        ...

    def command(self, home: Path) -> str:
        """The shell command that an installation would wire now; empty where there is none. Whatever else stands in a
        file, a repository may have put there."""
        ...


def found_by(folder: Path, *binaries: str) -> str:
    """By what it is known that an agent is there."""
    on_path = next(filter(None, map(shutil.which, binaries)), None)
    return on_path or (str(folder) if folder.is_dir() else "")


class ClaudeCode:
    """Claude Code: hooks over HTTP, and a command where it has none."""

    name = "claude-code"
    title = "Claude Code"

    def found(self) -> str:
        return found_by(file_of("user").parent, "claude")

    def settings(self, scope: Scope) -> Path:
        return file_of(scope)

    def place(self, scope: Scope, home: Path, address: Address) -> Place:
        wired = wired_in(scope, home, address.url)
        told = document_of(wired, address)
        troubles, stopping = troubles_of(wired, address), stopping_in(wired)
        return Place(scope, wired.settings, wired.installed, troubles, stopping, document=told)

    def install(self, scope: Scope, home: Path, address: Address, timeout: int, *, dry_run: bool) -> Change:
        if not dry_run:
            install_shim(home)
        return hooks_file.install(
            file_of(scope),
            url=address.url,
            token=token_in(home / "token") or HIDDEN_TOKEN if dry_run else local_token(home),
            shim_command=self.command(home),
            timeout_s=timeout,
            dry_run=dry_run,
        )

    def uninstall(self, scope: Scope, *, dry_run: bool) -> Change:
        return hooks_file.uninstall(file_of(scope), dry_run=dry_run)

    def program(self, home: Path) -> Path:
        return shim_path(home)

    def command(self, home: Path) -> str:
        return shim_command(home, os.path.abspath(sys.executable))


@dataclass(frozen=True)
class CommandAgent:
    """An agent whose hooks are commands."""

    name: str
    title: str
    dialect: Dialect
    binaries: tuple[str, ...]

    def found(self) -> str:
        return found_by(self.dialect.user_folder(Path.home()), *self.binaries)

    def settings(self, scope: Scope) -> Path:
        return self.dialect.settings_path(scope, root_here(), Path.home())

    def place(self, scope: Scope, home: Path, address: Address) -> Place:
        del address
        settings = self.settings(scope)
        try:
            found = command_hooks.status(self.dialect, settings, command=self.command(home))
        except (SettingsError, OSError) as error:
            return unreadable(scope, settings, error)
        installed, stopping = bool(found.wired), self.stopping(found)
        codex = self.dialect is CODEX and installed
        trusted, untrusting, distrust = trust_here(settings, scope) if codex else (None, [], [])
        stopping += distrust
        troubles = [*self.troubles(found), *untrusting, *stopping]
        told: dict[str, object] = {
            "scope": scope,
            "settings": str(settings),
            "installed": installed,
            "wired": list(found.wired),
            "missing": list(found.missing),
            "commands": list(found.commands),
            **({"trusted": list(trusted.trusted), "untrusted": list(trusted.untrusted)} if trusted else {}),
            "troubles": troubles,
        }
        return Place(scope, settings, installed, troubles, stopping, found.commands, told)

    def troubles(self, found: command_hooks.Status) -> list[str]:
        """What is wrong with the hooks that are wired in a file."""
        if not found.wired:
            return []
        return [
            *([f"not wired: {', '.join(found.missing)}"] if found.missing else []),
            *(["they run another command than this Spark's"] if found.command_matches is False else []),
            *(["the program that they run is gone, or may not be run"] if not found.shim_runs else []),
        ]

    def stopping(self, found: command_hooks.Status) -> list[str]:
        """What keeps all hooks of a file from running."""
        off = found.wired and found.hooks_disabled
        return [switched_off(".".join(self.dialect.off_switch), self.dialect.off_value)] if off else []

    def command(self, home: Path) -> str:
        """The command of its hooks; it changes with nothing but the home, and where there is no native shim for this
        machine, with the interpreter."""
        return hook_command(
            self.program(home),
            home,
            self.dialect.client,
            os.path.abspath(sys.executable),
            always_answers=self.dialect.always_answers,
        )

    def install(self, scope: Scope, home: Path, address: Address, timeout: int, *, dry_run: bool) -> Change:
        del address
        if not dry_run:
            install_hook_shim(home)
        return command_hooks.install(
            self.dialect,
            self.settings(scope),
            command=self.command(home),
            timeout_s=timeout,
            project=scope == "project",
            dry_run=dry_run,
        )

    def uninstall(self, scope: Scope, *, dry_run: bool) -> Change:
        return command_hooks.uninstall(self.dialect, self.settings(scope), project=scope == "project", dry_run=dry_run)

    def program(self, home: Path) -> Path:
        return native_path(home) if native_binary() is not None else python_path(home)


class OpenCode:
    """OpenCode: a plugin in its process, which asks Spark itself."""

    name = "opencode"
    title = "OpenCode"

    def found(self) -> str:
        return found_by(plugin_file.user_folder(Path.home()), "opencode")

    def settings(self, scope: Scope) -> Path:
        return plugin_file.plugin_path(scope, root_here(), Path.home())

    def place(self, scope: Scope, home: Path, address: Address) -> Place:
        del address
        plugin = self.settings(scope)
        try:
            found = plugin_file.status(plugin, spark_home=home)
        except (SettingsError, OSError) as error:
            return unreadable(scope, plugin, error)
        elsewhere = found.installed and found.home != home
        troubles = [
            *([f"it asks the Spark of {found.home or 'no home'}, not this one"] if elsewhere else []),
            *(["it is of another version of Spark"] if found.installed and not elsewhere and not found.current else []),
        ]
        told: dict[str, object] = {
            "scope": scope,
            "settings": str(plugin),
            "installed": found.installed,
            "wired": list(plugin_file.HOOKS) if found.installed else [],
            "asks": str(found.home) if found.home else None,
            "troubles": troubles,
        }
        return Place(scope, plugin, found.installed, troubles, document=told)

    def install(self, scope: Scope, home: Path, address: Address, timeout: int, *, dry_run: bool) -> Change:
        # Its own limit is below the shortest that can be asked for.
        del address, timeout
        return plugin_file.install(self.settings(scope), spark_home=home, project=scope == "project", dry_run=dry_run)

    def uninstall(self, scope: Scope, *, dry_run: bool) -> Change:
        return plugin_file.uninstall(self.settings(scope), project=scope == "project", dry_run=dry_run)

    def program(self, home: Path) -> Path:
        del home
        return self.settings("user")

    def command(self, home: Path) -> str:
        del home
        return ""


def unreadable(scope: Scope, settings: Path, error: SettingsError | OSError) -> Place:
    """A file that cannot be read, and why."""
    trouble = error.reason if isinstance(error, SettingsError) else error.strerror or str(error)
    told: dict[str, object] = {
        "scope": scope,
        "settings": str(settings),
        "installed": False,
        "troubles": [trouble],
    }
    return Place(scope, settings, installed=False, troubles=[trouble], document=told)


def trust_here(settings: Path, scope: Scope) -> tuple[trust.Trust | None, list[str], list[str]]:
    """What Codex makes of the hooks in a file, what keeps it from running some of them, and what from running any."""
    config = trust.config_path(Path.home())
    try:
        found = trust.trust_in(config, settings)
        project = scope == "user" or trust.trusts_project(config, root_here())
    except (SettingsError, OSError) as error:
        return None, [str(error)], []
    distrust = (
        f"codex runs no hooks of a project that it does not trust, as {root_here()}: start codex there, and trust the "
        "folder when it asks"
    )
    return found, troubles_of_trust(found, scope), [] if project else [distrust]


def troubles_of_trust(found: trust.Trust, scope: Scope) -> list[str]:
    """What Codex does not run."""
    untrusted, disabled = ", ".join(found.untrusted), ", ".join(found.disabled)
    return [
        *(
            [
                f"codex does not run what it does not trust yet: {untrusted}; type /hooks in codex, "
                f"or `spark hooks install codex --{scope} --trust`"
            ]
            if untrusted
            else []
        ),
        *([f"switched off in codex: {disabled}; type /hooks in codex"] if disabled else []),
    ]


AGENTS: tuple[Agent, ...] = (
    ClaudeCode(),
    CommandAgent("codex", "Codex", CODEX, ("codex",)),
    CommandAgent("gemini", "Gemini CLI", GEMINI, ("gemini",)),
    CommandAgent("cursor", "Cursor", CURSOR, ("cursor", "cursor-agent")),
    CommandAgent("copilot", "Copilot CLI", COPILOT, ("copilot",)),
    OpenCode(),
)
NAMES = tuple(agent.name for agent in AGENTS)
EVERY = "all"


def chosen(names: tuple[str, ...]) -> list[Agent]:
    """The agents that were named, in our order; `all` is every one that this machine has."""
    return [agent for agent in AGENTS if agent.name in names or (EVERY in names and agent.found())]
