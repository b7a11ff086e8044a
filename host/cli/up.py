"""`spark up`: the system in the foreground, or left running."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click

from host.cli.running import console, run, until_signalled
from host.connection import settings_of
from host.home import Run, read_run, spark_home
from host.system import Options, System

PATIENCE_SECONDS = 30.0
LOG_BYTES = 5 * 1024 * 1024


@click.command("up")
@click.option("--detach", is_flag=True, help="Leave it running and return once it is ready.")
@click.option("--http-port", type=click.IntRange(0, 65535), help="Port for HTTP; 0 takes any that is free.")
@click.option("--grpc-port", type=click.IntRange(0, 65535), help="Port for gRPC; 0 takes any that is free.")
@click.option("--host", help="Address to listen on; loopback unless you know why.")
@click.option(
    "--clock", type=click.Choice(["system", "header"]), help="`header` believes Spark-Time, for replays only."
)
@click.option("--without", multiple=True, metavar="SERVICE", help="Do not carry this service; it runs elsewhere.")
def command(
    detach: bool,
    http_port: int | None,
    grpc_port: int | None,
    host: str | None,
    clock: str | None,
    without: tuple[str, ...],
) -> None:
    """Start Spark here, with its own Postgres and NATS unless SPARK_DATABASE_URL and SPARK_NATS_URL name others."""
    home = spark_home()
    running = read_run(home)
    if running is not None:
        if running.fleet or not detach:
            raise click.ClickException(
                f"this machine is connected to {running.fleet} (pid {running.pid}); `spark down` ends that"
                if running.fleet
                else f"Spark is up already (pid {running.pid}, {running.http}); `spark down` stops it"
            )
        console.print(f"Spark is up already at {running.http} (pid {running.pid})")
        return
    given = {
        "listen.http_port": http_port,
        "listen.grpc_port": grpc_port,
        "listen.host": host,
        "clock.source": clock,
    }
    flags = {name: str(value) for name, value in given.items() if value is not None}
    if detach:
        tell(home, left_running(home, sys.argv[1:]))
    else:
        level = "WARNING" if sys.stderr.isatty() else "INFO"
        run(lambda: foreground(home, flags, frozenset(without)), log_level=level)


async def foreground(home: Path, flags: dict[str, str], without: frozenset[str]) -> None:
    """Carries the system until a signal comes."""
    system = System(home, settings_of(home, os.environ, flags), os.environ, Options(without))
    try:
        started = await system.start()
        tell(home, started)
        console.print("Ctrl-C stops it.")
        await until_signalled()
    finally:
        await system.stop()


def left_running(home: Path, arguments: list[str], environment: Mapping[str, str] = os.environ) -> Run:
    """Starts the same command in a session of its own and waits until it is ready."""
    log = home / "logs" / "spark.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    command_line = [sys.executable, "-m", "host.cli", *(word for word in arguments if word != "--detach")]
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603  (our own command with the user's own arguments)
            command_line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,
            env=dict(environment),
        )
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        started = read_run(home)
        if started is not None and started.pid == child.pid:
            return started
        if child.poll() is not None:
            raise click.ClickException(f"Spark did not start: {last_words(log)}\nThe whole log: {log}")
        time.sleep(0.02)
    child.terminate()
    raise click.ClickException(f"Spark was not ready within {PATIENCE_SECONDS:.0f} s; see {log}")


def last_words(log: Path) -> str:
    """The last line of a log."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def tell(home: Path, started: Run) -> None:
    """Says where Spark is."""
    click.echo(f"Spark is ready: {started.http}  {started.grpc}  (pid {started.pid})\nIts data lies in {home}")
