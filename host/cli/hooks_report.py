"""What `spark hooks` tells of a change, to a person or as JSON."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from gateway.clients.change import Change
from host.cli.agents import HIDDEN_TOKEN, Agent
from host.cli.layout import path_row, say
from host.cli.wiring import SCOPES, Address, Scope

BEARER = re.compile(r"(Bearer )[^\"\s]+")
Told = dict[str, object]


def warnings_of(agent: Agent, change: Change, address: Address, scope: Scope, home: Path) -> list[str]:
    """What a user should know about an installation."""
    found: list[str] = []
    if agent.name == "claude-code" and not address.lasting:
        found.append(
            f"Spark is at {address.url} only until it stops: its port setting says otherwise. "
            "Set SPARK_HTTP_PORT to a port of your choice, restart Spark, then install again"
        )
    if change.readable_by_others:
        found.append(
            f"{change.settings} holds Spark's token, and other users of this machine may read it: "
            f"`chmod 600 {change.settings}`"
        )
    if change.tracked:
        found.append(
            f"git tracks {change.settings}, so that a commit would carry the entries along; where Spark is not, "
            "they do nothing"
        )
    for each in (agent.place(other, home, address) for other in SCOPES):
        if each.scope != scope and each.installed:
            found.append(f"the hooks are also wired in {each.settings}: one of the two is enough")
        if each.scope == scope:
            found += [f"{each.settings}: {trouble}: no hook runs until that is gone" for trouble in each.stopping]
    return found


def show_installed(agent: Agent, change: Change, address: Address, scope: Scope, home: Path, *, dry_run: bool) -> None:
    """Prints what an installation did."""
    if dry_run:
        show_planned(agent, change)
    elif change.changed:
        say(f"{agent.title} {called(agent, address)} from its next session on.")
        show(change)
        if agent.program(home) != change.settings:
            path_row("program", f"{agent.program(home)}{'  (for SessionStart)' if agent.name == 'claude-code' else ''}")
        back = f"`spark hooks uninstall {agent.name} --{scope}`"
        say(f"Your other settings are as they were. {back} takes these out again.")
    else:
        say(f"{agent.title} {called(agent, address)} already; nothing was changed.")
        path_row("settings", change.settings)


def called(agent: Agent, address: Address) -> str:
    """How an agent reaches Spark: only Claude Code's hooks hold an address, those of others ask where Spark is."""
    return f"calls Spark at {address.url}" if agent.name == "claude-code" else "is wired to Spark"


def show_uninstalled(agent: Agent, change: Change, home: Path, *, dry_run: bool) -> None:
    """Prints what a removal did."""
    if dry_run:
        show_planned(agent, change)
    elif change.changed:
        say(f"{agent.title} calls Spark no more.")
        show(change)
        if agent.program(home).is_file():
            path_row("stays", f"{agent.program(home)}  (other projects may run it)")
        say("Your other settings are as they were.")
    else:
        say("Nothing of Spark's was there.")
        path_row("settings", change.settings)


def show_planned(agent: Agent, change: Change) -> None:
    """Prints what would be done."""
    if not change.changed:
        say(f"{agent.title}: nothing would be changed.")
        path_row("settings", change.settings)
        return
    say(f"{agent.title}: this would be changed; nothing was written.")
    click.echo(shown_diff(change))


def shown_diff(change: Change) -> str:
    """A change as a diff, without the token: it may end up in a log."""
    return BEARER.sub(rf"\g<1>{HIDDEN_TOKEN}", change.diff)


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


def document(change: Change, warnings: list[str], *, dry_run: bool = False) -> Told:
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
        **({"dry_run": True, "diff": shown_diff(change)} if dry_run else {}),
    }
