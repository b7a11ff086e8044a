"""What `spark status` says of a machine that works with a Spark that others share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from host.cli.layout import ago, count, local_time, path_row, row, say
from host.home import Run

PATIENCE_SECONDS = 3.0
"""Longer than the process waits for the fleet when it is asked whether it is ready, which is 1 s."""
HOOKS, LOST = "spark_hooks_total", "spark_events_lost_total"


@dataclass
class Connected:
    """What the process that is connected tells."""

    version: str = ""
    troubles: dict[str, str] = field(default_factory=dict[str, str])
    hooks: int = 0
    lost: int = 0
    """Moments that could not be sent: nobody learns from them."""


async def ask(running: Run) -> Connected:
    """Asks it over HTTP."""
    found = Connected()
    try:
        async with httpx.AsyncClient(base_url=running.http, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            ready, health, metrics = await asyncio.gather(*map(client.get, ("/ready", "/health", "/metrics")))
        found.troubles = ready.json()["troubles"]
        found.version = health.json()["version"]
        found.hooks, found.lost = total(metrics.text, HOOKS), total(metrics.text, LOST)
    except (httpx.HTTPError, ValueError, KeyError) as error:
        found.troubles["hooks"] = f"no answer from {running.http}: {type(error).__name__}"
    return found


def total(metrics: str, name: str) -> int:
    """A counter over all its labels, in Prometheus' text."""
    lines = (line for line in metrics.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
    return int(sum(float(line.rpartition(" ")[2]) for line in lines))


def show(running: Run, found: Connected) -> None:
    """Prints it for a person."""
    say(f"Spark {found.version} is connected to {running.fleet}{', without advice for now' if found.troubles else ''}.")
    for name, trouble in sorted(found.troubles.items()):
        say(f"{name}: {trouble}", "  - ")
    started = datetime.fromtimestamp(running.started, UTC)
    row("Process", f"pid {running.pid}, since {local_time(started)} ({ago(started)})")
    path_row("HTTP", running.http)
    path_row("Socket", running.socket)
    row("Here", f"{count(found.hooks, 'hook')} answered, {count(found.lost, 'moment')} lost")


def document(running: Run, found: Connected) -> dict[str, object]:
    """The same for a program."""
    return {
        "up": True,
        "ready": not found.troubles,
        "troubles": found.troubles,
        "version": found.version,
        "fleet": running.fleet,
        "pid": running.pid,
        "started": datetime.fromtimestamp(running.started, UTC).isoformat(),
        "http": running.http,
        "socket": running.socket,
        "hooks": found.hooks,
        "moments_lost": found.lost,
    }
