"""A small fleet on this machine: replicas of the hot path, a process for each service behind it, both engines."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import psutil

from bench.fleet.balancer import balancer
from bench.fleet.quota import Hierarchy
from bench.processes import PATIENCE_S, child
from chassis.bus import Bus
from chassis.identity import local_token
from host.catalog import every_service
from host.engines import start_nats, start_postgres
from host.engines.postgres import OPTIONS
from host.home import Run, read_served
from host.store import migrate_all

HOT = ("gateway", "router", "packets")
BEHIND = ("packets", "memory", "prefetch", "telemetry", "inference")
"""What learns, prepares and records; packets too, whose replicas on the hot path answer calls alone."""
ASKED_BY_HOT = ("memory", "prefetch", "telemetry", "inference")
ROOMY = {"max_connections": "100"}
"""The embedded Postgres gives 40 connections, which the pools of one process never reach and those of a fleet do."""


@dataclass(frozen=True)
class Ground:
    """What a fleet stands on: the engines, a folder, and the data folder that the processes behind use."""

    folder: Path
    database_url: str
    bus: Bus
    behind: Mapping[str, Run]
    """The processes behind the hot path, by the service that each carries."""
    settings: Mapping[str, str]

    @property
    def home(self) -> Path:
        """The data folder whose token all share."""
        return self.folder / "behind"

    def parts(self) -> dict[str, list[psutil.Process]]:
        """The processes of all but the hot path, by what they are."""
        own = psutil.Process().children(recursive=True)
        named = {name: [one for one in own if one.name() == name] for name in ("postgres", "nats-server")}
        return {**named, **{name: [psutil.Process(run.pid)] for name, run in self.behind.items()}}


@dataclass(frozen=True)
class Hot:
    """Replicas behind their balancer, at `port`."""

    port: int
    replicas: list[psutil.Process]
    balancer: psutil.Process


@asynccontextmanager
async def engines(folder: Path) -> AsyncGenerator[dict[str, str]]:
    """Postgres and NATS with all schemas and streams; gives the settings that name them."""
    with patch.dict(OPTIONS, ROOMY):
        postgres = await start_postgres(folder / "postgres", folder / "run")
    try:
        nats = await start_nats(folder / "nats", folder / "run")
        try:
            await migrate_all(every_service(), postgres.url)
            bus = await Bus.connect(nats.url)
            await bus.ensure_streams()
            await bus.close()
            yield {"SPARK_DATABASE_URL": postgres.url, "SPARK_NATS_URL": nats.url}
        finally:
            await nats.stop()
    finally:
        await postgres.stop()


@asynccontextmanager
async def ground(folder: Path) -> AsyncGenerator[Ground]:
    """Engines, and the processes behind, for the time of the block."""
    async with engines(folder) as urls:
        bus = await Bus.connect(urls["SPARK_NATS_URL"])
        settings = {**urls, "SPARK_LOG_LEVEL": "ERROR"}
        try:
            with ExitStack() as open_now:
                # In one data folder, where they find each other.
                behind = {
                    name: open_now.enter_context(serving((name,), folder / "behind", settings)) for name in BEHIND
                }
                yield Ground(folder, urls["SPARK_DATABASE_URL"], bus, behind, settings)
        finally:
            await bus.close()


@contextmanager
def hot_path(on: Ground, replicas: int, cores: float, groups: Hierarchy, name: str) -> Generator[Hot]:
    """So many replicas, each with so much CPU once it is ready, behind a balancer.

    Raises:
        NoQuota: when the CPU cannot be shared out.
        NoBalancer: when there is no balancer.
    """
    addresses = {f"SPARK_{name.upper()}_ADDR": on.behind[name].services[name] for name in ASKED_BY_HOT}
    with ExitStack() as open_now:
        runs: list[Run] = []
        for number in range(replicas):
            home = on.folder / f"{name}-{number}"
            settings = {**on.settings, **addresses, "SPARK_TOKEN": local_token(on.home)}
            runs.append(open_now.enter_context(serving(HOT, home, settings, "--only", "calls")))
        for number, run in enumerate(runs):
            group = groups.group(f"spark-bench-{run.pid}-{number}")
            # Called before the replica has ended, which would take long with so little CPU.
            open_now.callback(group.leave, run.pid)
            group.take(run.pid)
            group.limit(cores)
        served = [run.http.removeprefix("http://") for run in runs]
        port, process = open_now.enter_context(balancer(served, on.folder))
        yield Hot(port, [psutil.Process(run.pid) for run in runs], process)


@contextmanager
def serving(services: tuple[str, ...], home: Path, settings: Mapping[str, str], *words: str) -> Generator[Run]:
    """`spark serve` of these services until the block ends; gives how to reach it once it is ready.

    Raises:
        RuntimeError: when it is not ready within 30 s.
    """
    home.mkdir(mode=0o700, exist_ok=True)
    ports = ("--http-port", "0", "--grpc-port", "0")
    with child("host.cli", "serve", *services, *ports, *words, home=home, settings=settings) as process:
        give_up = time.monotonic() + PATIENCE_S
        while (run := read_served(home, services[0])) is None:
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"spark serve {' '.join(services)} did not become ready")
            time.sleep(0.01)
        yield run
