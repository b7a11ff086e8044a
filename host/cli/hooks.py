"""`spark hooks`: connects an agent, says what is connected, and takes it off again."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import click

from chassis.identity import local_token
from gateway.clients.claude_code import hooks_file
from gateway.clients.claude_code.hooks_file import Change
from gateway.clients.claude_code.settings_document import SettingsError
from gateway.clients.claude_code.shim import install_shim, shim_command, shim_path
from host.cli.layout import path_row, say, warn
from host.cli.running import explained, print_json
from host.cli.wiring import Address, Scope, address_of, document_of, file_of, troubles_of, wired_everywhere
from host.home import spark_home

CLIENTS = ("claude-code",)
LONGEST_TIMEOUT_S = 60

Command = TypeVar("Command", bound=Callable[..., object])


def scoped(command: Command) -> Command:
    """Gives a command its client and its scope."""
    command = click.option("--user", "scope", flag_value="user", default="user", help="All your projects. Default.")(
        command
    )
    command = click.option("--project", "scope", flag_value="project", help="Only the project around this folder.")(
        command
    )
    return click.argument("client", type=click.Choice(CLIENTS))(command)


as_json = click.option("--json", "as_document", is_flag=True, help="One JSON document.")


@click.group("hooks")
def command() -> None:
    """Connect an agent to Spark, or take it off again. The one that Spark knows is claude-code."""


@command.command("install")
@scoped
@click.option(
    "--timeout",
    type=click.IntRange(1, LONGEST_TIMEOUT_S),
    default=1,
    show_default=True,
    help="Seconds that the agent waits at most at one hook.",
)
@as_json
def install(client: str, scope: Scope, timeout: int, as_document: bool) -> None:
    """Have the agent call Spark. What else is in its settings stays; running it again changes nothing."""
    home = spark_home()
    with told_plainly():
        address = address_of(home, os.environ)
        if not address.url:
            raise click.ClickException(
                "there is no address to call: Spark is not up, and its port is set to any. "
                "Set SPARK_HTTP_PORT, or start `spark up --detach` first"
            )
        shim = install_shim(home)
        change = hooks_file.install(
            file_of(scope),
            url=address.url,
            token=local_token(home),
            shim_command=shim_command(home, os.path.abspath(sys.executable)),
            timeout_s=timeout,
        )
    warnings = warnings_of(change, address, scope, home)
    if as_document:
        told = {"client": client, "scope": scope, "url": address.url, "shim": str(shim)}
        print_json({**told, **document(change, warnings)})
        return
    if change.changed:
        say(f"Claude Code calls Spark at {address.url} from its next session on.")
        show(change)
        path_row("program", f"{shim}  (for SessionStart)")
        say(f"Your other settings are as they were. `spark hooks uninstall {client} --{scope}` takes these out again.")
    else:
        say(f"Claude Code calls Spark at {address.url} already; nothing was changed.")
        path_row("settings", change.settings)
    for warning in warnings:
        warn(warning)
    if not address.up:
        say("Next: `spark up --detach` starts Spark. Without it the agent works on as if there were no hooks.")
    say("Once the agent has worked, `spark explain` shows what it was told and why, `spark lessons` what was learnt.")


@command.command("uninstall")
@scoped
@as_json
def uninstall(client: str, scope: Scope, as_document: bool) -> None:
    """Have the agent call Spark no more. Takes out what `install` put in, and nothing else."""
    home = spark_home()
    with told_plainly():
        change = hooks_file.uninstall(file_of(scope))
        left = [each for each in wired_everywhere(home, "") if each.installed]
    if as_document:
        print_json({"client": client, "scope": scope, **document(change, [])})
        return
    if change.changed:
        say("Claude Code calls Spark no more.")
        show(change)
        if shim_path(home).is_file():
            path_row("stays", f"{shim_path(home)}  (other projects may run it)")
        say("Your other settings are as they were.")
    else:
        say("Nothing of Spark's was there.")
        path_row("settings", change.settings)
    for each in left:
        say(f"Still wired for the {each.scope}: `spark hooks uninstall {client} --{each.scope}`.")


@command.command("status")
@click.argument("client", type=click.Choice(CLIENTS), default=CLIENTS[0])
@as_json
def status(client: str, as_document: bool) -> None:
    """Say what is connected, for you and for the project around this folder."""
    home = spark_home()
    with told_plainly():
        address = address_of(home, os.environ)
        everywhere = wired_everywhere(home, address.url)
    if as_document:
        scopes = [document_of(each, address) for each in everywhere]
        print_json({"client": client, "url": address.url or None, "up": address.up, "scopes": scopes})
        return
    place = f"up at {address.url}" if address.up else "not up"
    say(f"{client}; Spark is {place}")
    for each in everywhere:
        click.echo()
        found = troubles_of(each, address)
        state = "installed" if each.installed else "not installed"
        say(f"{each.scope}: {state}{', but' if found and each.installed else ''}")
        path_row("  settings", each.settings)
        for trouble in found:
            say(trouble, "  - ")
        if found and each.installed:
            say(f"`spark hooks install {client} --{each.scope}` mends what can be mended.", "  ")


@contextlib.contextmanager
def told_plainly() -> Generator[None]:
    """Turns what can go wrong with files into one line for the user."""
    try:
        with explained():
            yield
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        message = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise click.ClickException(message) from error


def warnings_of(change: Change, address: Address, scope: Scope, home: Path) -> list[str]:
    """What a user should know about an installation."""
    found: list[str] = []
    if not address.lasting:
        found.append(
            f"Spark is at {address.url} only until it stops: its port setting says otherwise. "
            "Set SPARK_HTTP_PORT to a port of your choice, restart Spark, then install again"
        )
    if change.readable_by_others:
        found.append(
            f"{change.settings} holds Spark's token, and other users of this machine may read it: "
            f"`chmod 600 {change.settings}`"
        )
    for each in wired_everywhere(home, address.url):
        if each.scope != scope and each.installed:
            found.append(f"the hooks are also wired in {each.settings}: one of the two is enough")
        if each.scope == scope and each.status is not None and each.status.hooks_disabled:
            found.append(f"{each.settings} has disableAllHooks set: no hook runs until that is gone")
    return found


def show(change: Change) -> None:
    """Prints what was changed, file by file."""
    path_row("settings", change.settings)
    replaced = [event for event in change.added if event in change.removed]
    added = [event for event in change.added if event not in replaced]
    removed = [event for event in change.removed if event not in replaced]
    for label, events in (("added", added), ("replaced", replaced), ("removed", removed)):
        if events:
            say(", ".join(events), f"{f'  {label}':<11} ")
    if change.backup is not None:
        path_row("backup", change.backup)
    if change.git_exclude is not None:
        path_row("git exclude", os.path.normpath(change.git_exclude))


def document(change: Change, warnings: list[str]) -> dict[str, object]:
    """A change for JSON."""
    return {
        "changed": change.changed,
        "settings": str(change.settings),
        "added": list(change.added),
        "removed": list(change.removed),
        "kept": list(change.kept),
        "backup": str(change.backup) if change.backup else None,
        "git_exclude": os.path.normpath(change.git_exclude) if change.git_exclude else None,
        "warnings": warnings,
    }
