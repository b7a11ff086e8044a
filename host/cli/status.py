"""`spark status`: whether Spark is up, and how it does."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import click
import httpx
import psutil
from grpc.aio import AioRpcError
from spark.memory.v1.memory_pb2 import ListLessonsRequest
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.packets.v1.packets_pb2 import GetStatusRequest, GetStatusResponse
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.telemetry.v1.telemetry_pb2 import SummarizeRequest, SummarizeResponse
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

from host.catalog import SERVICES
from host.cli.layout import count, local_time, milliseconds, path_row, row, say, span
from host.cli.processes import Tree, tree_of
from host.cli.running import explained, print_json, run
from host.cli.settings import masked
from host.cli.wiring import Address, Wired, address_of, document_of, troubles_of, wired_everywhere
from host.connection import Connection, connected
from host.home import Run, read_run, read_served, spark_home

NOT_READY = 1
NOT_UP = 3
PATIENCE_SECONDS = 3.0
RECENT = timedelta(hours=24)
ENGINES = {"postgres": "Postgres", "nats": "NATS"}


@dataclass
class Report:
    """What a system says of itself. What could not be learnt is None, with the reason in `troubles`."""

    version: str = ""
    troubles: dict[str, str] = field(default_factory=dict[str, str])
    tree: Tree = field(default_factory=Tree)
    apart: dict[str, Run] = field(default_factory=dict[str, Run])
    """Services that run in a process of their own."""
    packets: GetStatusResponse | None = None
    lessons: int | None = None
    recent: SummarizeResponse | None = None


@click.command("status")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(as_document: bool) -> None:
    """Say whether Spark is up and how it does.

    Ends with 0 when it is up and ready, with 1 when it is up and not ready, with 3 when it is not up.
    """
    home = spark_home()
    running = read_run(home)
    with explained():
        address = address_of(home, os.environ)
        hooks = wired_everywhere(home, address.url)
    report = run(lambda: ask(home, running)) if running else None
    if as_document:
        print_json(document(home, running, report, hooks, address))
    else:
        show(home, running, report, hooks, address)
    code = NOT_UP if report is None else NOT_READY if report.troubles else 0
    click.get_current_context().exit(code)


async def ask(home: Path, running: Run) -> Report:
    """Asks the system that is up, and those of its services that run apart."""
    report = Report(version=version("spark-advisory"), tree=tree_of([running.pid]))
    for service in SERVICES:
        served = read_served(home, service.name)
        if served is not None:
            report.apart[service.name] = served
        elif service.name not in running.services and not os.environ.get(f"SPARK_{service.name.upper()}_ADDR"):
            report.troubles[service.name] = "runs nowhere"
    processes = {each.pid: each for each in (running, *report.apart.values())}
    report.tree = tree_of(processes)
    await asyncio.gather(*(readiness(each, report) for each in processes.values()))
    async with connected(home) as connection:
        await asyncio.gather(
            *(noted(work, report, name) for name, work in questions(connection, report).items()),
        )
    return report


def questions(connection: Connection, report: Report) -> dict[str, Awaitable[None]]:
    """What the services are asked, by service."""
    to = connection.channels.to

    async def packets() -> None:
        report.packets = await PacketsServiceStub(to("packets")).GetStatus(GetStatusRequest())

    async def lessons() -> None:
        page = await MemoryServiceStub(to("memory")).ListLessons(ListLessonsRequest(page_size=1))
        report.lessons = page.total

    async def recent() -> None:
        request = SummarizeRequest()
        request.since.FromDatetime(datetime.now(UTC) - RECENT)
        report.recent = await TelemetryServiceStub(to("telemetry")).Summarize(request)

    return {"packets": packets(), "memory": lessons(), "telemetry": recent()}


async def noted(work: Awaitable[None], report: Report, service: str) -> None:
    """Does it, or notes what is wrong."""
    try:
        await work
    except AioRpcError as error:
        report.troubles.setdefault(service, error.details() or error.code().name)


async def readiness(running: Run, report: Report) -> None:
    """Asks a process what is wrong with it."""
    name = "/".join(running.services)
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
            troubles: dict[str, str] = (await client.get(f"{running.http}/ready")).json()["troubles"]
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
                report.version = (await client.get(f"{running.http}/health")).json()["version"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        report.troubles[name] = f"no answer from {running.http}/ready: {type(error).__name__}"
        return
    report.troubles.update(troubles)
