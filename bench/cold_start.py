"""`make bench-cold-start`: from nothing to the first answer, for each service alone and for the hot path together.

The engines are up and the schemas are there, as in a fleet that has scaled a service to zero. Measured is from the
start of the process until the health service says SERVING and an rpc of the service's own is answered; beside it what
the process's imports alone take, and the first answer through `--on-demand`, whose listener starts the process at the
first connection. All in turn, round by round. Exits with 1 when the median of one is more than 2 s.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import click
import grpc.aio
import uvloop
from grpc_health.v1 import health_pb2
from rich.table import Table

from bench.fleet.deployment import HOT, engines
from bench.fleet.first_answers import FIRST_ANSWERS, PATIENCE_S, hook
from bench.fleet_model.measured import record
from bench.keep_alive import KeepAlive
from bench.processes import child
from bench.report import Limit, console, keep, show_limits

LIMIT_S = 2.0
LOOK_EVERY_S = 0.002
TOKEN = "a-token-for-the-bench"
LATER_S = "600"
"""After which a process on demand would end: not within a round."""
SUBJECTS: Mapping[str, tuple[str, ...]] = {**{name: (name,) for name in FIRST_ANSWERS}, "hot path": HOT}
IMPORTS = "import sys, host.cli.serve; from host.catalog import services_named; services_named(sys.argv[1:])"


@dataclass(frozen=True)
class Start:
    """One start: seconds since it was asked for."""

    imports: float
    serving: float
    answered: float
    on_demand: float


@dataclass(frozen=True)
class ColdStarts:
    """Medians by what was started, and of a Python that does nothing."""

    python: float
    starts: dict[str, Start]
    rounds: int


async def bench(folder: Path, rounds: int, names: Sequence[str]) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    found: dict[str, list[Start]] = {name: [] for name in names}
    bare: list[float] = []
    async with engines(folder) as urls:
        settings = {**urls, "SPARK_TOKEN": TOKEN, "SPARK_LOG_LEVEL": "ERROR"}
        for number in range(rounds):
            bare.append(ran("pass"))
            for name in names:
                services, home = SUBJECTS[name], folder / f"{number}-{name.replace(' ', '-')}"
                imports = ran(IMPORTS, *services)
                serving, answered = await started(services, home, settings)
                woken = await woken_up(services, home.with_name(f"{home.name}-demand"), settings)
                found[name].append(Start(imports, serving, answered, woken))
    starts = {name: medians(own) for name, own in found.items()}
    return concluded(ColdStarts(median(bare), starts, rounds))


def ran(program: str, *words: str) -> float:
    """Seconds of a Python program from its start to its end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program, *words], check=True)
    return time.perf_counter() - began


async def started(services: Sequence[str], home: Path, settings: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until a process that answers calls says SERVING, and until it has answered one."""
    port = free_port()
    words = ("serve", *services, "--only", "calls", "--http-port", "0", "--grpc-port", str(port))
    began = time.perf_counter()
    with child("host.cli", *words, home=made(home), settings=settings):
        await listening(port)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await serves(channel)
            serving = time.perf_counter() - began
            await first_answer(services)(channel)
            return serving, time.perf_counter() - began


async def woken_up(services: Sequence[str], home: Path, settings: Mapping[str, str]) -> float:
    """Seconds of the first call to a listener that has nothing running behind it yet."""
    port, web = free_port(), "gateway" in services
    face = ("--http-port", str(port)) if web else ("--grpc-port", str(port))
    words = ("serve", *services, "--only", "calls", "--on-demand", LATER_S, *face)
    with child("host.cli", *words, home=made(home), settings=settings) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.perf_counter()
        if web:
            client = KeepAlive("127.0.0.1", port, "/v1/hooks/claude-code", {"authorization": f"Bearer {TOKEN}"})
            reply = await asyncio.to_thread(client.exchange, client.request(hook()))
            assert reply.status == 200, reply.head
            client.close()
        else:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await first_answer(services)(channel)
        return time.perf_counter() - began


def first_answer(services: Sequence[str]) -> Callable[[grpc.aio.Channel], Awaitable[None]]:
    """A call of the first service's own, with its token."""
    sent = {"metadata": (("authorization", f"Bearer {TOKEN}"),), "timeout": PATIENCE_S, "wait_for_ready": True}
    return lambda channel: FIRST_ANSWERS[services[0]](channel, sent)


async def listening(port: int) -> None:
    """Waits until somebody listens at a port.

    Raises:
        TimeoutError: when nobody does within 10 s.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                writer.close()
                return


async def serves(channel: grpc.aio.Channel) -> None:
    """Waits until the health service says so.

    Raises:
        TimeoutError: when it does not within 10 s.
    """
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await check(health_pb2.HealthCheckRequest(), wait_for_ready=True)
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
            await asyncio.sleep(LOOK_EVERY_S)


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def made(home: Path) -> Path:
    """An empty data folder."""
    home.mkdir(mode=0o700)
    return home


def medians(starts: Sequence[Start]) -> Start:
    """Of each figure on its own."""
    rows = [asdict(start) for start in starts]
    return Start(**{name: median(row[name] for row in rows) for name in rows[0]})


def concluded(found: ColdStarts) -> bool:
    """Shows and keeps the figures; whether the limit holds."""
    table = Table(title=f"Cold start, s, median of {found.rounds}", title_justify="left", min_width=80)
    table.add_column("service")
    for heading in ("imports", "SERVING", "first answer", "on demand"):
        table.add_column(heading, justify="right")
    for name, one in found.starts.items():
        table.add_row(name, *(f"{each:.2f}" for each in (one.imports, one.serving, one.answered, one.on_demand)))
    console.print(table)
    console.print(f"a Python that does nothing: {found.python:.2f} s; load {os.getloadavg()[0]:.1f}")
    limits = [Limit(f"{name}, first answer", one.answered, LIMIT_S, "s") for name, one in found.starts.items()]
    limits += [Limit(f"{name}, on demand", one.on_demand, LIMIT_S, "s") for name, one in found.starts.items()]
    keep("cold_start", {**asdict(found), "limits": [{**asdict(each), "holds": each.holds} for each in limits]})
    held = show_limits(limits)
    if set(found.starts) == set(SUBJECTS):
        console.print(f"kept in {record('cold_start', found)}")
    return held


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Starts of each.")
@click.option("--only", "names", multiple=True, type=click.Choice(list(SUBJECTS)), help="Not all, but these.")
def main(rounds: int, names: tuple[str, ...]) -> None:
    """Runs in a throw-away folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        held = uvloop.run(bench(Path(folder), rounds, names or tuple(SUBJECTS)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
