"""`spark migrate`: brings the database up to date."""

from __future__ import annotations

import os
from pathlib import Path

import click

from host.catalog import SERVICES
from host.cli.running import console, run
from host.connection import settings_of
from host.home import read_run, spark_home
from host.process import migrate_all
from host.system import DATABASE_URL, engines_in_turn


@click.command("migrate")
def command() -> None:
    """Bring the schemas of all services up to date. `spark up` does so by itself; a deployment may do it first."""
    applied = run(lambda: migrate(spark_home()))
    for name in applied:
        console.print(f"applied {name}")
    if not applied:
        console.print("The database is up to date.")


async def migrate(home: Path) -> list[str]:
    """Applies what is missing; returns its names."""
    url = settings_of(home, os.environ)[DATABASE_URL]
    running = read_run(home)
    if url or running is not None:
        return await migrate_all(SERVICES, url or (running.database_url if running else ""))
    engines = await engines_in_turn(home)
    try:
        return await migrate_all(SERVICES, engines.database_url)
    finally:
        await engines.stop()
