"""`spark hooks`: connects agents, says what is connected, and takes it off again."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import click

from gateway.clients.codex import trust
from gateway.clients.settings_document import SettingsError
from host.cli.agents import AGENTS, EVERY, NAMES, Agent, chosen
from host.cli.hooks_report import Told, document, show_installed, show_uninstalled, warnings_of
from host.cli.layout import path_row, say, warn
from host.cli.running import explained, print_json
from host.cli.trusting import agreed, told_of_trust
from host.cli.wiring import SCOPES, Scope, address_of, how_to_start
from host.home import fleet_file, spark_home

LONGEST_TIMEOUT_S = 60

Command = TypeVar("Command", bound=Callable[..., object])


def scoped(command: Command) -> Command:
    """Gives a command its clients and its scope."""
    command = click.option("--user", "scope", flag_value="user", default="user", help="All your projects. Default.")(
        command
    )
    command = click.option("--project", "scope", flag_value="project", help="Only the project around this folder.")(
        command
    )
    choice = click.Choice([*NAMES, EVERY])
    return click.argument("clients", metavar="CLIENT...", type=choice, nargs=-1, required=True)(command)


as_json = click.option("--json", "as_document", is_flag=True, help="One JSON document.")
dry = click.option("--dry-run", is_flag=True, help="Show what would change, as a diff, and write nothing.")


@click.group("hooks")
def command() -> None:
    """Connect agents to Spark, or take them off again: claude-code, codex, gemini, cursor, copilot, opencode, or all
    that this machine has."""


@command.command("install")
@scoped
@click.option(
    "--timeout",
    type=click.IntRange(1, LONGEST_TIMEOUT_S),
    default=1,
    show_default=True,
    help="Seconds that the agent waits at most at one hook.",
)
@click.option(
    "--trust/--no-trust",
    "trusts",
    default=None,
    help="Whether to tell Codex that you trust these hooks; it runs no others. Asked where there is a terminal.",
)
@dry
@as_json
def install(
    clients: tuple[str, ...], scope: Scope, timeout: int, trusts: bool | None, dry_run: bool, as_document: bool
) -> None:
    """Have agents call Spark. What else is in their settings stays; running it again changes nothing."""
    home = spark_home()
    with told_plainly():
        address = address_of(home, os.environ)
    if not address.url:
        raise click.ClickException(
            "there is no address to call: Spark is not up, and its port is set to any. "
            "Set SPARK_HTTP_PORT, or start `spark up --detach` first"
        )

    def one(agent: Agent) -> Told:
        change = agent.install(scope, home, address, timeout, dry_run=dry_run)
        warnings = [] if dry_run else warnings_of(agent, change, address, scope, home)
        told: Told = {"client": agent.name, "scope": scope, "url": address.url, "shim": str(agent.program(home))}
        told |= document(change, warnings, dry_run=dry_run)
        if not as_document:
            show_installed(agent, change, address, scope, home, dry_run=dry_run)
            for warning in warnings:
                warn(warning)
        if agent.name == "codex":
            asked = sys.stdin.isatty() and not as_document and not dry_run
            wanted = agreed(agent.settings(scope), trusts, asks=asked) if not dry_run else bool(trusts)
            told["trust"] = told_of_trust(
                agent.settings(scope), record=wanted, dry_run=dry_run, quiet=as_document, planned=change.planned
            )
        return told

    each_of(clients, one, as_document)
    if as_document or dry_run:
        return
    if not address.up:
        say(f"Next: {how_to_start(home)}. Without it the agent works on as if there were no hooks.")
    if fleet_file(home).exists():
        told, learnt = "`spark dashboard`", "and"
    else:
        told, learnt = "`spark explain`", "`spark lessons`"
    say(f"Once the agent has worked, {told} shows what it was told and why, {learnt} what was learnt.")


@command.command("uninstall")
@scoped
@dry
@as_json
def uninstall(clients: tuple[str, ...], scope: Scope, dry_run: bool, as_document: bool) -> None:
    """Have agents call Spark no more. Takes out what `install` put in, and nothing else."""
    home = spark_home()

    def one(agent: Agent) -> Told:
        # First the trust: once the hooks are gone nobody knows any more which was theirs.
        keys = trust.own_hashes(agent.settings(scope)) if agent.name == "codex" else {}
        withdrawn = trust.withdraw(trust.config_path(Path.home()), keys, dry_run=dry_run) if keys else None
        change = agent.uninstall(scope, dry_run=dry_run)
        told: Told = {"client": agent.name, "scope": scope, **document(change, [], dry_run=dry_run)}
        if not as_document:
            show_uninstalled(agent, change, home, dry_run=dry_run)
        if withdrawn is not None:
            told["trust"] = {"config": str(withdrawn.config), "changed": withdrawn.changed}
            if withdrawn.changed and not as_document:
                path_row("trust", f"{withdrawn.config}  ({'would be ' if dry_run else ''}taken back)")
                if dry_run:
                    click.echo(withdrawn.diff)
        if not as_document and not dry_run:
            with told_plainly():
                left = [each for each in SCOPES if agent.place(each, home, address_of(home, os.environ)).installed]
            for each in left:
                say(f"Still wired for the {each}: `spark hooks uninstall {agent.name} --{each}`.")
        return told

    each_of(clients, one, as_document)


@command.command("status")
@click.argument("clients", metavar="[CLIENT]...", type=click.Choice([*NAMES, EVERY]), nargs=-1)
@as_json
def status(clients: tuple[str, ...], as_document: bool) -> None:
    """Say what is connected, for you and for the project around this folder. Without a client: of all."""
    home = spark_home()
    agents = chosen(clients) if clients else list(AGENTS)
    with told_plainly():
        address = address_of(home, os.environ)
        places = [(agent, [agent.place(scope, home, address) for scope in SCOPES]) for agent in agents]
    if as_document:
        told = [
            {"client": agent.name, "found": agent.found() or None, "scopes": [each.document for each in everywhere]}
            for agent, everywhere in places
        ]
        about = {"url": address.url or None, "up": address.up}
        print_json({**told[0], **about} if clients and len(told) == 1 else {**about, "clients": told})
        return
    say(f"Spark is {f'up at {address.url}' if address.up else 'not up'}")
    for agent, everywhere in places:
        click.echo()
        say(f"{agent.name}{'' if agent.found() else ', which is not on this machine'}")
        for each in everywhere:
            state = "installed" if each.installed else "not installed"
            say(f"{each.scope}: {state}{', but' if each.troubles and each.installed else ''}", "  ")
            path_row("    settings", each.settings)
            for trouble in each.troubles:
                say(trouble, "    - ")
            if each.troubles and each.installed:
                say(f"`spark hooks install {agent.name} --{each.scope}` mends what can be mended.", "    ")


def each_of(clients: tuple[str, ...], work: Callable[[Agent], Told], as_document: bool) -> None:
    """Does it for every client that was named. One that fails keeps the others from nothing, and ends in exit code 1.

    Raises click.ClickException when it failed for the only one, or when there is none.
    """
    agents = chosen(clients)
    if not agents:
        raise click.ClickException(f"none of {', '.join(NAMES)} was found on this machine")
    if EVERY in clients and not as_document:
        for agent in AGENTS:
            path_row("Found" if agent is AGENTS[0] else "", f"{agent.name}: {agent.found() or 'not on this machine'}")
    if len(agents) == 1 and EVERY not in clients:
        with told_plainly():
            told = work(agents[0])
        if as_document:
            print_json(told)
        return
    every: list[Told] = []
    failed = False
    for agent in agents:
        if not as_document:
            click.echo()
        try:
            with told_plainly():
                every.append(work(agent))
        except click.ClickException as error:
            failed = True
            every.append({"client": agent.name, "error": error.message})
            if not as_document:
                error.show()
    if as_document:
        print_json({"clients": every})
    if failed:
        raise click.exceptions.Exit(1)


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
