"""`spark serve`: single services in a process of their own, on engines that run elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from chassis.identity import LOCAL_WORKSPACE, Tokens, local_token
from chassis.service import Service
from chassis.settings import Settings
from host.catalog import UnknownService, services_named
from host.cli.running import console, run, until_signalled
from host.connection import settings_of
from host.home import Addresses, read_run, remove_served, spark_home, write_served
from host.process import Engines, Place, Process
from host.system import DATABASE_URL, NATS_URL, described


@click.command("serve")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--grpc-port", type=click.IntRange(0, 65535), default=0, help="Port for gRPC; 0 takes any that is free.")
@click.option("--http-port", type=click.IntRange(0, 65535), default=0, help="Port for HTTP; 0 takes any that is free.")
def command(names: tuple[str, ...], host: str, grpc_port: int, http_port: int) -> None:
    """Run single services apart: gateway, router, packets, memory, prefetch, telemetry, inference.

    They use the engines that SPARK_DATABASE_URL and SPARK_NATS_URL name, else those of the Spark that is up here.
    """
    home = spark_home()
    try:
        services = services_named(names)
    except UnknownService as error:
        raise click.BadParameter(str(error)) from error
    settings = settings_of(home, os.environ)
    engines = engines_of(home, settings)
    run(lambda: serve(home, services, settings, engines, Place(host, http_port, grpc_port)), log_level="INFO")


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


async def serve(home: Path, services: Sequence[Service], settings: Settings, engines: Engines, place: Place) -> None:
    """Carries the services until a signal comes."""
    tokens = Tokens({local_token(home): LOCAL_WORKSPACE})
    process = Process(services, engines, settings, tokens, Addresses(home, os.environ), home=home)
    await process.start(place)
    told = described(process, place.host, None, engines)
    for name in process.carried:
        write_served(home, name, told)
    try:
        console.print(f"{', '.join(process.carried)} ready: {told.grpc}  {told.http}")
        await until_signalled()
    finally:
        for name in process.carried:
            remove_served(home, name)
        await process.stop()
