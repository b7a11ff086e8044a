"""`spark serve`: single services in a process of their own, on engines that run elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from chassis.identity import LOCAL_WORKSPACE, TOKEN, Tokens, local_token, serving_token
from chassis.service import Service
from chassis.settings import BadSetting, Settings
from host.catalog import UnknownService, services_named
from host.cli.running import console, explained, print_json, run, until_signalled
from host.connection import settings_of
from host.home import Addresses, Run, read_run, remove_served, spark_home, write_served
from host.listeners import warn_beyond_loopback
from host.on_demand import BEHIND, OnDemand
from host.process import Engines, Part, Place, Process
from host.serving_place import serving_place
from host.system import DATABASE_URL, NATS_URL, described


@dataclass(frozen=True)
class Wish:
    """What is to be served, where, and how it tells so."""

    services: Sequence[Service]
    place: Place
    part: Part
    as_document: bool
    behind: bool
    """Whether it stands behind a listener of its own, which is what others are told of."""


@click.command("serve")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--host", help="Address to listen on.  [default: SPARK_HOST, else 127.0.0.1]")
@click.option("--grpc-port", type=click.IntRange(0, 65535), help="Port for gRPC; 0 takes any that is free.")
@click.option("--http-port", type=click.IntRange(0, 65535), help="Port for HTTP; 0 takes any that is free.")
@click.option(
    "--only",
    type=click.Choice([Part.CALLS.value, Part.EVENTS.value]),
    help="Only answer calls, or only consume events; both unless said.",
)
@click.option(
    "--on-demand",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Start when the first caller connects; end when none has been there for so long.",
)
@click.option("--json", "as_document", is_flag=True, help="Tell where it is as one JSON document.")
@click.option(f"--{BEHIND}", "behind", is_flag=True, hidden=True)
def command(
    names: tuple[str, ...],
    host: str | None,
    grpc_port: int | None,
    http_port: int | None,
    only: str | None,
    on_demand: float | None,
    as_document: bool,
    behind: bool,
) -> None:
    """Run single services apart: gateway, router, packets, memory, prefetch, telemetry, inference.

    They use the engines that SPARK_DATABASE_URL and SPARK_NATS_URL name, else those of the Spark that is up here, and
    call others at SPARK_<SERVICE>_ADDR. PORT, where it is set, is the port of HTTP for the gateway, of gRPC for others.
    """
    home = spark_home()
    try:
        services = services_named(names)
    except UnknownService as error:
        raise click.BadParameter(str(error)) from error
    if on_demand is not None and only != Part.CALLS:
        raise click.UsageError("--on-demand goes with --only calls: what consumes events must be there for them")
    settings = settings_of(home, os.environ)
    web = any(service.name == "gateway" for service in services)
    with explained():
        place = serving_place(os.environ, host=host, http_port=http_port, grpc_port=grpc_port, web=web)
    wish = Wish(services, place, Part(only or Part.ALL), as_document, behind)
    if on_demand is None:
        engines = engines_of(home, settings)
        run(lambda: serve(home, settings, engines, wish), log_level="INFO")
    else:
        seconds = on_demand
        run(lambda: wait_for_callers(home, wish, seconds, web=web), log_level="INFO")


def engines_of(home: Path, settings: Settings) -> Engines:
    """The engines to attach to."""
    running = read_run(home)
    database = settings[DATABASE_URL] or (running.database_url if running else "")
    nats = settings[NATS_URL] or (running.nats_url if running else "")
    if not database or not nats:
        missing = " and ".join(
            name for name, url in (("SPARK_DATABASE_URL", database), ("SPARK_NATS_URL", nats)) if not url
        )
        raise click.ClickException(f"no engines to attach to: set {missing}, or start `spark up` in {home}")
    return Engines(database, nats)


def token_of(home: Path, settings: Settings) -> str:
    """The token of these services, which is that of the Spark that is up here, where one is.

    Raises:
        BadSetting: when another one is given.
    """
    token = serving_token(settings, home)
    if read_run(home) is not None and token != local_token(home):
        raise BadSetting(
            f"{TOKEN.environment} is not the token in {home}, which the Spark that is up here goes by: unset it"
        )
    return token


async def serve(home: Path, settings: Settings, engines: Engines, wish: Wish) -> None:
    """Carries the services until a signal comes."""
    warn_beyond_loopback(wish.place.host)
    tokens = Tokens({token_of(home, settings): LOCAL_WORKSPACE})
    addresses = Addresses(home, os.environ)
    process = Process(wish.services, engines, settings, tokens, addresses, home=home, part=wish.part)
    await process.start(wish.place)
    told = described(process, wish.place.host, None, engines)
    # A worker answers nobody, so that nobody is to be told of it.
    names = [] if wish.part is Part.EVENTS else process.carried
    served = [f"{name}.{BEHIND}" if wish.behind else name for name in names]
    for name in served:
        write_served(home, name, told)
    try:
        tell(process.carried, told, "ready", as_document=wish.as_document)
        await until_signalled()
    finally:
        for name in served:
            remove_served(home, name, os.getpid())
        await process.stop()


async def wait_for_callers(home: Path, wish: Wish, idle_s: float, *, web: bool) -> None:
    """Listens for the services, which run only while somebody calls, until a signal comes."""
    warn_beyond_loopback(wish.place.host)
    names = [service.name for service in wish.services]
    listener = OnDemand(home, names, wish.place, idle_s, web=web)
    told = await listener.start()
    try:
        for name in names:
            write_served(home, name, told)
        tell(names, told, "on demand", as_document=wish.as_document)
        await until_signalled()
    finally:
        for name in names:
            remove_served(home, name, os.getpid())
        await listener.stop()


def tell(names: Sequence[str], told: Run, how: str, *, as_document: bool) -> None:
    """Says where the services are."""
    if as_document:
        print_json({"services": list(names), "state": how, "grpc": told.grpc, "http": told.http, "pid": told.pid})
    else:
        console.print(f"{', '.join(names)} {how}: {'  '.join(part for part in (told.grpc, told.http) if part)}")
