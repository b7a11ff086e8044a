"""Codex's trust in Spark's hooks: asked of the user, recorded with their word, and otherwise explained."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.clients import command_hooks
from gateway.clients.codex import trust
from gateway.clients.codex.hooks_file import CODEX
from host.cli.layout import path_row, say


def agreed(settings: Path, given: bool | None, *, asks: bool) -> bool:
    """Whether the user trusts the hooks: their word on the command line, else on the terminal, else no.

    Raises SettingsError, OSError.
    """
    config = trust.config_path(Path.home())
    pending = trust.trust_in(config, settings).untrusted
    if given is not None or not pending or not asks:
        return bool(given)
    say("Codex runs only hooks that you trust. This is the command that it would run:")
    for command in command_hooks.status(CODEX, settings).commands:
        click.echo(f"  {command}")
    say(f"at {', '.join(pending)}.")
    return click.confirm(f"Record in {config} that you trust it?", default=False)


def told_of_trust(
    settings: Path, *, record: bool, dry_run: bool, quiet: bool, planned: str | None = None
) -> dict[str, object]:
    """Records the trust where that is wanted, says how things stand, and gives it for JSON too. `planned` is the text
    that a dry run would have written into the settings.

    Raises SettingsError, OSError.
    """
    config = trust.config_path(Path.home())
    recorded = trust.record(config, trust.own_hashes(settings, planned), dry_run=dry_run) if record else None
    found = trust.trust_in(config, settings, planned)
    if not quiet:
        show(settings, found, recorded, dry_run=dry_run)
    return {
        "config": str(config),
        "trusted": list(found.trusted),
        "untrusted": list(found.untrusted),
        "disabled": list(found.disabled),
        "backup": str(recorded.backup) if recorded and recorded.backup else None,
        "commands": list(command_hooks.status(CODEX, settings, planned=planned).commands),
    }


def show(settings: Path, found: trust.Trust, recorded: trust.Recorded | None, *, dry_run: bool) -> None:
    """Prints how the trust stands."""
    if recorded is not None and recorded.changed:
        path_row("trust", f"{found.config}  ({'would be recorded' if dry_run else 'recorded'})")
        if recorded.backup is not None:
            path_row("backup", recorded.backup)
        if dry_run and recorded.diff:
            click.echo(recorded.diff)
    if dry_run:
        return
    if found.untrusted:
        say("Codex does not run these hooks yet: it waits for your trust. This is what it would run:")
        for command in command_hooks.status(CODEX, settings).commands:
            click.echo(f"  {command}")
        say("Start codex, type /hooks and trust them there; or run this again with --trust.")
    elif found.disabled:
        say(f"Switched off in codex: {', '.join(found.disabled)}; type /hooks there.")
    elif found.trusted and recorded is not None and not recorded.changed:
        say("Codex trusts these hooks already.")
