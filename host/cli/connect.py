"""`spark connect`: this machine's agents beside a Spark that others share."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click

from chassis.settings import BadSetting, Settings
from gateway.edge.link import Fleet, LinkError, UnknownToken
from host.cli import connected
from host.cli.connected import Connected
from host.cli.layout import path_row, say, warn
from host.cli.running import console, explained, print_json, run, until_signalled
from host.cli.up import left_running
from host.connection import settings_of
from host.edge import Edge
from host.fleet import FLEET_TOKEN, checked_token, checked_url, link_to, read_fleet, write_fleet
from host.home import Run, fleet_file, read_run, spark_home

MOST_TOKEN_BYTES = 4096


@click.command("connect")
@click.argument("url", required=False)
@click.option("--token-file", type=click.File("rb"), help="File that holds the token; - reads standard input.")
@click.option("--http-port", type=click.IntRange(0, 65535), help="Port for this machine's hooks; 0 takes any.")
@click.option("--detach", is_flag=True, help="Leave it running and return once it listens.")
@click.option("--forget", is_flag=True, help="Forget the address and the token.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document, with --detach or --forget.")
def command(
    url: str | None,
    token_file: BinaryIO | None,
    http_port: int | None,
    detach: bool,
    forget: bool,
    as_document: bool,
) -> None:
    """Let the agents here work with a Spark that others share, such as https://spark.example.com.

    What hooks show is read and cleaned of secrets here, and learnt from there. The token is asked for, or taken from
    --token-file or SPARK_FLEET_TOKEN; address and token are remembered for the next time.
    """
    home = spark_home()
    if forget:
        forgotten(home, as_document=as_document)
        return
    ports = {} if http_port is None else {"listen.http_port": str(http_port)}
    with explained():
        settings = settings_of(home, os.environ, ports)
        # An address that is given takes the place of what cannot be read.
        known = read_fleet(home) if url is None else known_fleet(home)
        token = checked_token(token_in(token_file)) if token_file else settings[FLEET_TOKEN]
        if (running := read_run(home)) is not None:
            already(running, url, token, known, detach=detach, as_document=as_document)
            return
        fleet = wanted(url, token, known)
    trouble = run(lambda: proved(fleet, settings))
    if isinstance(trouble, UnknownToken) or (trouble is not None and fleet != known):
        raise click.ClickException(f"{fleet.url}: {trouble}")
    if fleet != known:
        # Only what has answered is remembered. What is known may be away for now: agents go on without it.
        write_fleet(home, fleet)
    if detach:
        # By now all that it needs is remembered.
        own = {name: value for name, value in os.environ.items() if name != FLEET_TOKEN.environment}
        port = [] if http_port is None else ["--http-port", str(http_port)]
        started = left_running(home, ["connect", *port], own)
        tell(started, run(lambda: connected.ask(started)), as_document=as_document)
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
    other = other or known is None or bool(token and token.strip() != known.token)
    if other or not detach:
        what = f"connected to {running.fleet}" if running.fleet else "a Spark of its own"
        raise click.ClickException(f"this machine is {what} already (pid {running.pid}); `spark down` ends that")
    tell(running, run(lambda: connected.ask(running)), as_document=as_document)


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


async def proved(fleet: Fleet, settings: Settings) -> LinkError | None:
    """What keeps a Spark there from taking what this machine sends; None where nothing does.

    Raises:
        BadSetting: when SPARK_TLS_CA or a proxy cannot be used.
    """
    link = link_to(fleet, settings)
    try:
        await link.greet()
    except LinkError as error:
        return error
    finally:
        await link.close()
    return None


async def foreground(home: Path, settings: Settings, fleet: Fleet) -> None:
    """Answers hooks until a signal comes."""
    edge = Edge(home, settings, fleet)
    # From the first moment on at which it can be found, it can also be ended.
    ending = asyncio.create_task(until_signalled())
    try:
        started = await edge.start()
        tell(started, await connected.ask(started))
        console.print("Ctrl-C stops it.")
        await ending
    finally:
        await edge.stop()


def forgotten(home: Path, *, as_document: bool) -> None:
    """Forgets where to connect to. Raises click.ClickException while this machine is connected."""
    running = read_run(home)
    if running is not None and running.fleet:
        raise click.ClickException(f"this machine is connected (pid {running.pid}); `spark down` ends that first")
    known = fleet_file(home).exists()
    fleet_file(home).unlink(missing_ok=True)
    if as_document:
        print_json({"forgotten": known})
    else:
        say("The address and the token are forgotten." if known else "There is nothing to forget.")


def tell(started: Run, found: Connected, *, as_document: bool = False) -> None:
    """Says where hooks go, and what is wrong with that."""
    troubles = list(found.troubles.values())
    if as_document:
        place = {"fleet": started.fleet, "http": started.http, "socket": started.socket, "pid": started.pid}
        print_json({**place, "troubles": troubles})
        return
    say(f"Connected to {started.fleet} (pid {started.pid}).")
    path_row("Hooks", started.http)
    for trouble in troubles:
        warn(f"{trouble}. Agents work on without advice meanwhile.")
    say("Next: `spark hooks install all`, once; `spark dashboard` opens what is learnt there.")
