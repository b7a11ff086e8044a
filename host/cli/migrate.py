"""`spark migrate`: brings the database up to date, as a job beside the processes that use it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from chassis.migrating import PATIENCE_SECONDS, grant
from chassis.migrations import Standing
from host.catalog import every_service
from host.cli.running import console, print_json, run
from host.connection import settings_of
from host.home import read_run, spark_home
from host.store import keeping, migrate_all, standings
from host.system import DATABASE_URL, engines_in_turn

Result = TypeVar("Result")


@click.command("migrate")
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 where something is missing.")
@click.option("--dry-run", is_flag=True, help="Change nothing; list what would be applied.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
@click.option("--grant", "login", metavar="NAME", help="Let the login NAME work as the roles of all schemas.")
@click.option(
    "--wait",
    "patience_s",
    type=click.FloatRange(min=0),
    default=PATIENCE_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long a migration tries to have its locks.",
)
def command(check: bool, dry_run: bool, as_document: bool, login: str | None, patience_s: float) -> None:
    """Bring the schemas of all services up to date. `spark up` does so by itself; a deployment does it first.

    It works beside processes that are up: what must change a table they use waits for an instant and tries again.
    """
    home = spark_home()
    if login and (check or dry_run):
        raise click.UsageError("--grant changes the database; --check and --dry-run do not")
    if check or dry_run:
        stand = run(lambda: on_database(home, lambda url: standings(every_service(), url)))
        told_of(stand, as_document=as_document)
        raise SystemExit(1 if check and any(standing.missing for standing in stand.values()) else 0)

    async def work(url: str) -> list[str]:
        applied = await migrate_all(every_service(), url, patience_s=patience_s)
        if login:
            await grant(url, [service.schema for service in keeping(every_service())], login)
        return applied

    applied = run(lambda: on_database(home, work))
    if as_document:
        print_json({"applied": applied, "granted": login or ""})
        return
    for name in applied:
        console.print(f"applied {name}")
    if not applied:
        console.print("The database is up to date.")
    if login:
        console.print(f"{login} may work as the roles of all schemas.", markup=False, soft_wrap=True)


def told_of(stand: dict[str, Standing], *, as_document: bool) -> None:
    """Says what is missing, and what is there that this program does not know."""
    missing = [f"{schema}/{each.name}" for schema, standing in stand.items() for each in standing.missing]
    unknown = [f"{schema}/{name}" for schema, standing in stand.items() for name in standing.unknown]
    if as_document:
        print_json({"missing": missing, "unknown": unknown})
        return
    for name in missing:
        console.print(f"missing {name}")
    for name in unknown:
        console.print(f"unknown {name}: the database is newer than this Spark")
    if not missing and not unknown:
        console.print("The database is up to date.")


async def on_database(home: Path, work: Callable[[str], Awaitable[Result]]) -> Result:
    """Does something with the database that the settings name, else with that of the Spark that is up here, else with
    the embedded one, started for it."""
    url = settings_of(home, os.environ)[DATABASE_URL]
    running = read_run(home)
    if url or running is not None:
        return await work(url or (running.database_url if running else ""))
    engines = await engines_in_turn(home)
    try:
        return await work(engines.database_url)
    finally:
        await engines.stop()
