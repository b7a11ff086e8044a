"""Where an agent's hooks are wired, what they call, and whether that is what is up."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from chassis.identity import local_token
from gateway.clients.claude_code.hooks_file import Status, settings_path, status
from gateway.clients.claude_code.shim import shim_command
from gateway.clients.settings_document import SettingsError
from gateway.repository import repository_of
from host.connection import settings_of
from host.home import Run, fleet_file, read_run, read_served
from host.system import HOST, HTTP_PORT

Scope = Literal["user", "project"]
SCOPES: tuple[Scope, ...] = ("user", "project")
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  (addresses to be replaced, not to listen on)


@dataclass(frozen=True)
class Address:
    """Where hooks reach Spark."""

    url: str
    """Base address; empty while no port is known."""
    up: bool
    """Whether Spark is there now."""
    lasting: bool
    """Whether the next start will be there too."""


@dataclass(frozen=True)
class Wired:
    """One settings file of the agent. Without a status it cannot be read, and `trouble` says why."""

    scope: Scope
    settings: Path
    status: Status | None
    trouble: str = ""

    @property
    def installed(self) -> bool:
        """Whether anything of Spark's is in there."""
        return self.status is not None and bool(self.status.wired)


def file_of(scope: Scope) -> Path:
    """Claude Code's settings file of a scope; that of the project is the one at the root around the current folder."""
    return settings_path(scope, root_here(), Path.home())


def root_here() -> Path:
    """The root of the repository around the current folder; without one that folder itself."""
    here = os.getcwd()
    found = repository_of(here)
    return Path(found.root if found else here)


def address_of(home: Path, environment: Mapping[str, str]) -> Address:
    """Where hooks reach the Spark of a data folder: where it is up, else where the settings will put it.

    Raises:
        BadSetting: when the settings cannot be read.
    """
    settings = settings_of(home, environment)
    port = settings[HTTP_PORT]
    running = gateway_of(home)
    if running is not None:
        parts = urlsplit(running.http)
        return Address(base(parts.hostname or "", parts.port or 0), up=True, lasting=parts.port == port)
    return Address(base(settings[HOST], port) if port else "", up=False, lasting=port != 0)


def gateway_of(home: Path) -> Run | None:
    """The process that carries the front door; None when none is up."""
    running = read_run(home)
    if running is not None and ("gateway" in running.services or running.fleet):
        return running
    return read_served(home, "gateway")


def how_to_start(home: Path) -> str:
    """What brings this data folder up: its own Spark, or the one that it was connected to."""
    if fleet_file(home).exists():
        return "`spark connect --detach` connects this machine again"
    return "`spark up --detach` starts it"


def base(host: str, port: int) -> str:
    """A base address by which this machine reaches a listener."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{ANYWHERE.get(host, shown)}:{port}"


def wired_everywhere(home: Path, url: str) -> list[Wired]:
    """What is wired for the user and for the project around the current folder, against the address given."""
    return [wired_in(scope, home, url) for scope in SCOPES]


def wired_in(scope: Scope, home: Path, url: str) -> Wired:
    """What is wired in one scope."""
    settings = file_of(scope)
    try:
        command = shim_command(home, os.path.abspath(sys.executable))
        return Wired(scope, settings, status(settings, url=url or None, token=local_token(home), command=command))
    except SettingsError as error:
        return Wired(scope, settings, None, error.reason)
    except OSError as error:
        return Wired(scope, settings, None, error.strerror or str(error))


def troubles_of(wired: Wired, address: Address) -> list[str]:
    """What keeps the hooks that are wired from working."""
    found = wired.status
    if found is None:
        return [wired.trouble]
    if not found.wired:
        return []
    return [
        *([f"not wired: {', '.join(found.missing)}"] if found.missing else []),
        *([f"they call {', '.join(found.urls)}, not {address.url}"] if found.url_matches is False else []),
        *(["they send another token than this Spark's"] if found.token_matches is False else []),
        *(["the program that SessionStart runs is gone"] if not found.shim_exists else []),
        *(["SessionStart runs another command than this Spark's"] if found.command_matches is False else []),
        *stopping_in(wired),
    ]


def stopping_in(wired: Wired) -> list[str]:
    """What keeps all hooks that are wired from running."""
    found = wired.status
    off = found is not None and found.wired and found.hooks_disabled
    return [switched_off("disableAllHooks", True)] if off else []


def switched_off(setting: str, value: bool) -> str:
    """The trouble with a file that switches all hooks off, as the user finds it there."""
    return f"{setting} is {json.dumps(value)} in this file, which switches all hooks off"


def document_of(wired: Wired, address: Address) -> dict[str, object]:
    """One scope for JSON."""
    found = wired.status
    return {
        "scope": wired.scope,
        "settings": str(wired.settings),
        "installed": wired.installed,
        "wired": list(found.wired) if found else [],
        "missing": list(found.missing) if found else [],
        "urls": list(found.urls) if found else [],
        "troubles": troubles_of(wired, address),
    }
