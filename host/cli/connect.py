"""`spark connect`: this machine's agents beside a Spark that others share."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click

from chassis.faults import ServiceUnavailable
from chassis.settings import BadSetting, Settings
from gateway.edge.link import Fleet
from gateway.edge.upstream import Upstream
from host.cli import connected
from host.cli.layout import path_row, say, warn
from host.cli.running import console, explained, print_json, run, until_signalled
from host.cli.up import left_running
from host.connection import settings_of
from host.edge import Edge
from host.fleet import FLEET_TOKEN, checked_token, checked_url, fleet_file, link_to, read_fleet, write_fleet
from host.home import Run, read_run, spark_home

MOST_TOKEN_BYTES = 4096


@click.command("connect")
@click.argument("url", required=False)
@click.option("--token-file", type=click.File("rb"), help="File that holds the token; - reads standard input.")
@click.option("--detach", is_flag=True, help="Leave it running and return once it answers.")
@click.option("--forget", is_flag=True, help="Forget the address and the token.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document, with --detach or --forget.")
def command(url: str | None, token_file: BinaryIO | None, detach: bool, forget: bool, as_document: bool) -> None:
    """Let the agents here work with a Spark that others share, such as https://spark.example.com.

    What hooks show is read and cleaned of secrets here, and learnt from there. The token is asked for, or taken from
    --token-file or SPARK_FLEET_TOKEN; address and token are remembered for the next time.
    """
    home = spark_home()
    if forget:
        forgotten = fleet_file(home).exists()
        fleet_file(home).unlink(missing_ok=True)
        if as_document:
            print_json({"forgotten": forgotten})
        else:
            say("The address and the token are forgotten." if forgotten else "There is nothing to forget.")
        return
    settings = settings_of(home, os.environ)
    with explained():
        # An address that is given takes the place of what cannot be read.
        known = read_fleet(home) if url is None else known_fleet(home)
        token = token_in(token_file) if token_file else settings[FLEET_TOKEN]
        if (running := read_run(home)) is not None:
            already(running, url, token, known, detach=detach, as_document=as_document)
            return
        fleet = wanted(url, token, known)
    if fleet != known:
        # Only what has answered is remembered. What is known may be away for now: agents go on without it.
        run(lambda: proved(fleet, settings))
        write_fleet(home, fleet)
    if detach:
        started = left_running(home, ["connect"])
        tell(started, as_document=as_document)
        found = run(lambda: connected.ask(started))
        for trouble in found.troubles.values():
            warn(without(trouble))
    else:
        run(lambda: foreground(home, settings, fleet), log_level="WARNING" if sys.stderr.isatty() else "INFO")


def token_in(file: BinaryIO) -> str:
    """The token that a file holds, as far as it can be one."""
    return file.read(MOST_TOKEN_BYTES).decode("ascii", errors="replace")


def known_fleet(home: Path) -> Fleet | None:
    """What is remembered, where it can be read."""
    with suppress(BadSetting):
        return read_fleet(home)
    return None


def already(running: Run, url: str | None, token: str, known: Fleet | None, *, detach: bool, as_document: bool) -> None:
    """Tells that a Spark is up, where that is the one that is wanted. Raises click.ClickException where it is not."""
    other = not running.fleet or (url is not None and checked_url(url) != running.fleet)
    other = other or bool(token and (known is None or token.strip() != known.token))
    if other or not detach:
        what = f"connected to {running.fleet}" if running.fleet else "a Spark of its own"
        raise click.ClickException(f"this machine is {what} already (pid {running.pid}); `spark down` ends that")
    tell(running, as_document=as_document)


def wanted(url: str | None, token: str, known: Fleet | None) -> Fleet:
    """Where to connect to, asking for a token that nobody gave where there is somebody to ask.

    Raises:
        BadSetting: when the address or the token cannot be one.
        click.ClickException: when one of them is missing.
    """
    if url is None:
        if known is None:
            raise click.ClickException("where to? `spark connect https://spark.example.com`, and from then on without")
        return replace(known, token=checked_token(token)) if token else known
    address = checked_url(url)
    if not token and known is not None and known.url == address:
        return known
    if not token:
        if not sys.stdin.isatty():
            raise click.ClickException(f"which token? Set {FLEET_TOKEN.environment}, or name a file with --token-file")
        token = click.prompt(f"Token of {address}", hide_input=True)
    return Fleet(address, checked_token(token))


async def proved(fleet: Fleet, settings: Settings) -> None:
    """Makes sure that a Spark answers there and takes what this machine sends.

    Raises:
        ServiceUnavailable: when it does not.
    """
    link = link_to(fleet, settings)
    try:
        await Upstream(link).check()
    finally:
        await link.close()


async def foreground(home: Path, settings: Settings, fleet: Fleet) -> None:
    """Answers hooks until a signal comes."""
    edge = Edge(home, settings, fleet)
    try:
        tell(await edge.start())
        try:
            await edge.upstream.check()
        except ServiceUnavailable as error:
            warn(without(error.message))
        console.print("Ctrl-C stops it.")
        await until_signalled()
    finally:
        await edge.stop()


def without(trouble: str) -> str:
    """What it means that the fleet does not answer."""
    return f"{trouble}. Agents work on without advice until it answers."


def tell(started: Run, *, as_document: bool = False) -> None:
    """Says where hooks go."""
    if as_document:
        print_json({"fleet": started.fleet, "http": started.http, "socket": started.socket, "pid": started.pid})
        return
    say(f"Connected to {started.fleet} (pid {started.pid}).")
    path_row("Hooks", started.http)
    say("Next: `spark hooks install all`, once; `spark dashboard` opens what is learnt there.")
