"""`spark dashboard`: lets a browser in."""

from __future__ import annotations

import os
import sys
import webbrowser
from datetime import UTC, datetime
from urllib.parse import urlencode

import click

from chassis.identity import LOCAL_WORKSPACE, Tokens, local_token
from gateway.dashboard.login import CODE_LIFE, new_code
from host.cli.layout import say
from host.cli.running import explained, print_json
from host.cli.wiring import address_of, how_to_start
from host.fleet import read_fleet
from host.home import read_run, spark_home

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")


@click.command("dashboard")
@click.option("--no-open", "stay", is_flag=True, help="Only print the address; open nothing.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document; opens nothing.")
def command(stay: bool, as_document: bool) -> None:
    """Open the dashboard: what Spark does now, each decision and why, what it has learnt, and how it does.

    The address holds a code that lets one browser in, once, within a minute; it is then known for 30 days.
    """
    home = spark_home()
    with explained():
        address = address_of(home, os.environ)
        running = read_run(home)
        # Whoever has a workspace's token may look at it there.
        fleet = read_fleet(home) if running is not None and running.fleet else None
    if running is not None and running.fleet and fleet is None:
        raise click.ClickException("its token is not known any more: `spark down`, then `spark connect URL`")
    if not address.up:
        raise click.ClickException(f"Spark is not up; {how_to_start(home)}")
    now = datetime.now(UTC)
    code = new_code(Tokens({fleet.token if fleet else local_token(home): LOCAL_WORKSPACE}), now)
    url = f"{fleet.url if fleet else address.url}/login?{urlencode({'code': code})}"
    if as_document:
        print_json({"url": url, "until": (now + CODE_LIFE).isoformat()})
        return
    click.echo(url)
    if not stay and has_screen() and webbrowser.open(url):
        say("It opens in your browser.")
    else:
        say("Open it in a browser on this machine within a minute; it works once.")


def has_screen() -> bool:
    """Whether somebody sits here who could see a browser: none is opened within a terminal, or for a script."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in SCREENS)
