"""`spark down`: stops the system that is up."""

from __future__ import annotations

import os
import signal

import click
import psutil

from host.cli.running import console
from host.home import read_run, spark_home

PATIENCE_SECONDS = 15.0


@click.command("down")
def command() -> None:
    """Stop the Spark that is up; what it learnt stays."""
    running = read_run(spark_home())
    if running is None:
        console.print("Spark is not up.")
        return
    process = psutil.Process(running.pid)
    os.kill(running.pid, signal.SIGTERM)
    try:
        process.wait(PATIENCE_SECONDS)
    except psutil.TimeoutExpired as error:
        message = f"pid {running.pid} did not stop within {PATIENCE_SECONDS:.0f} s; `kill -9 {running.pid}` is safe"
        raise click.ClickException(message) from error
    console.print("Spark is down.")
