"""`spark status`: whether Spark is up, and how it does."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click
import httpx
from grpc.aio import AioRpcError

from host.catalog import NAMES
from host.cli import connected
from host.cli.agents import AGENTS, Agent, Place
from host.cli.layout import ago, count, local_time, milliseconds, path_row, row, say
from host.cli.processes import Tree, tree_of
from host.cli.running import explained, print_json, run
from host.cli.settings import masked
from host.cli.wiring import SCOPES, Address, Wired, address_of, document_of, how_to_start, troubles_of, wired_everywhere
from host.connection import connected as reached
from host.home import Run, read_run, read_served, spark_home
from spark.memory.v1.memory_pb2 import ListLessonsRequest
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.packets.v1.packets_pb2 import GetStatusRequest, GetStatusResponse
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1 import prefetch_pb2
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from spark.telemetry.v1.windows_pb2 import SummarizeRequest, SummarizeResponse

NOT_READY = 1
NOT_UP = 3
PATIENCE_SECONDS = 3.0
RECENT = timedelta(hours=24)
UNKNOWN = "not known"
ENGINES = {"postgres": "Postgres", "nats": "NATS"}

Answer = TypeVar("Answer")


@dataclass
class Report:
    """What a system says of itself. What could not be learnt is None, with the reason in `troubles`."""

    version: str = ""
    troubles: dict[str, str] = field(default_factory=dict[str, str])
    tree: Tree = field(default_factory=Tree)
    apart: dict[str, Run] = field(default_factory=dict[str, Run])
    """Services that run in a process of their own."""
    packets: GetStatusResponse | None = None
    prefetch: prefetch_pb2.GetStatusResponse | None = None
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
        others = other_agents(home, address)
    far = run(lambda: connected.ask(running)) if running and running.fleet else None
    report = run(lambda: ask(home, running)) if running and far is None else None
    if as_document:
        told = system_of(home, running, report) if running is None or far is None else connected.document(running, far)
        wired: dict[str, object] = {"hooks": [document_of(each, address) for each in hooks]}
        print_json({**told, **wired, "agents": [as_row(agent, place) for agent, place in others]})
    else:
        if running is not None and far is not None:
            connected.show(running, far)
            path_row("Data", home)
        elif running is not None and report is not None:
            show_system(home, running, report)
        else:
            say(f"Spark is not up; {how_to_start(home)}.")
            path_row("Data", home)
        show_hooks(hooks, address)
        for agent, place in others:
            state = "installed" if place.installed else "not installed"
            row("", f"{agent.name}, {place.scope}: {'; '.join([state, *place.troubles])}")
            path_row("", place.settings)
    told_of = far or report
    code = NOT_UP if told_of is None else NOT_READY if told_of.troubles else 0
    click.get_current_context().exit(code)


async def ask(home: Path, running: Run) -> Report:
    """Asks the system that is up, and those of its services that run apart."""
    report = Report()
    for name in NAMES:
        served = read_served(home, name)
        if served is not None:
            report.apart[name] = served
        elif name not in running.services and not os.environ.get(f"SPARK_{name.upper()}_ADDR"):
            report.troubles[name] = "runs nowhere"
    processes = {each.pid: each for each in (running, *report.apart.values())}
    report.tree = tree_of(processes)
    await asyncio.gather(*(readiness(each, report) for each in processes.values()))
    async with reached(home) as connection:
        to = connection.channels.to
        since = SummarizeRequest()
        since.since.FromDatetime(datetime.now(UTC) - RECENT)
        ahead = PrefetchServiceStub(to("prefetch")).GetStatus(prefetch_pb2.GetStatusRequest())
        report.packets, report.prefetch, lessons, report.recent = await asyncio.gather(
            answer("packets", PacketsServiceStub(to("packets")).GetStatus(GetStatusRequest()), report),
            answer("prefetch", ahead, report),
            answer("memory", MemoryServiceStub(to("memory")).ListLessons(ListLessonsRequest(page_size=1)), report),
            answer("telemetry", TelemetryServiceStub(to("telemetry")).Summarize(since), report),
        )
        report.lessons = lessons.total if lessons else None
    return report


async def answer(service: str, asked: Awaitable[Answer], report: Report) -> Answer | None:
    """What a service answers; None when it does not, with the reason noted."""
    try:
        return await asked
    except AioRpcError as error:
        report.troubles.setdefault(service, error.details() or error.code().name)
        return None


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


def other_agents(home: Path, address: Address) -> list[tuple[Agent, Place]]:
    """What is wired of agents beside Claude Code that this machine has, or that were wired in this project."""
    places = [(agent, agent.place(scope, home, address)) for agent in AGENTS[1:] for scope in SCOPES]
    return [(agent, place) for agent, place in places if place.installed or (place.scope == "user" and agent.found())]


def as_row(agent: Agent, place: Place) -> dict[str, object]:
    """The same for a program."""
    state = {"installed": place.installed, "troubles": place.troubles}
    return {"client": agent.name, "scope": place.scope, "settings": str(place.settings), **state}


def show_hooks(hooks: list[Wired], address: Address) -> None:
    """Prints what Claude Code's hooks call."""
    for wired in hooks:
        found = troubles_of(wired, address)
        state = "installed" if wired.installed else "not installed"
        row("Hooks" if wired is hooks[0] else "", f"claude-code, {wired.scope}: {'; '.join([state, *found])}")
        path_row("", wired.settings)


def show_system(home: Path, running: Run, report: Report) -> None:
    """Prints what is up."""
    say(f"Spark {report.version} is up {'but not ready' if report.troubles else 'and ready'}.")
    for name, trouble in sorted(report.troubles.items()):
        say(f"{name}: {trouble}", "  - ")
    started = datetime.fromtimestamp(running.started, UTC)
    row("Process", f"pid {running.pid}, since {local_time(started)} ({ago(started)})")
    path_row("HTTP", running.http)
    path_row("gRPC", running.grpc)
    path_row("Socket", running.socket)
    path_row("Data", home)
    for service, served in report.apart.items():
        row(service.capitalize(), f"apart, pid {served.pid}, {served.grpc}")
    tree = report.tree
    row(
        "Memory",
        f"{tree.memory_bytes / 1e6:.0f} MB ({tree.measure}) in {count(tree.processes, 'process', 'processes')}",
    )
    for name, engine in engines_of(running, report).items():
        row(ENGINES[name], f"embedded, pid {engine['pid']}" if engine["embedded"] else f"external, {engine['url']}")
    row("Lessons", UNKNOWN if report.lessons is None else str(report.lessons))
    packets, recent = report.packets, report.recent
    if packets is None:
        row("Packets", UNKNOWN)
    else:
        parts = f"{packets.fresh} fresh, {packets.stale} stale, {packets.invalidated} out of use"
        row("Packets", f"{packets.total}: {parts}")
    row("Prefetch", UNKNOWN if report.prefetch is None else ahead_of(report.prefetch))
    if recent is None:
        row("Last 24 h", UNKNOWN)
    else:
        latency = f"; reply p50 {milliseconds(recent.p50_us)}, p95 {milliseconds(recent.p95_us)}"
        said = f"{count(recent.decisions, 'decision')}, {recent.said} with advice"
        row("Last 24 h", said + (latency if recent.decisions else ""))


def ahead_of(prefetch: prefetch_pb2.GetStatusResponse) -> str:
    """How preparing does, in a line."""
    came = prefetch.hits + prefetch.misses
    parts = [f"{prefetch.queued} queued, {prefetch.prepared} prepared"]
    if came:
        lead = f", ready {milliseconds(prefetch.lead_p50_us)} ahead" if prefetch.lead_p50_us else ""
        parts.append(f"{prefetch.hits} of {count(came, 'call')} expected{lead}")
    if prefetch.failed:
        parts.append(f"{prefetch.failed} failed")
    if prefetch.paused:
        parts.append(f"paused: {prefetch.paused}")
    return "; ".join(parts)


def engines_of(running: Run, report: Report) -> dict[str, dict[str, object]]:
    """Where the engines are."""
    found: dict[str, dict[str, object]] = {}
    for name, url in zip(ENGINES, (running.database_url, running.nats_url), strict=True):
        pid = report.tree.engines.get(name)
        found[name] = {"embedded": pid is not None, "pid": pid, "url": masked(url)}
    return found


def system_of(home: Path, running: Run | None, report: Report | None) -> dict[str, object]:
    """The system for a program."""
    told: dict[str, object] = {"up": False, "ready": False, "home": str(home)}
    if running is not None and report is not None:
        told |= {
            "up": True,
            "ready": not report.troubles,
            "troubles": report.troubles,
            "version": report.version,
            "pid": running.pid,
            "started": datetime.fromtimestamp(running.started, UTC).isoformat(),
            "http": running.http,
            "grpc": running.grpc,
            "socket": running.socket,
            "services": dict(running.services),
            "apart": {name: {"pid": each.pid, "grpc": each.grpc} for name, each in report.apart.items()},
            "processes": report.tree.processes,
            "memory_bytes": report.tree.memory_bytes,
            "memory_measure": report.tree.measure,
            "engines": engines_of(running, report),
            "lessons": report.lessons,
            "packets": counts_of(report.packets),
            "prefetch": figures_of(report.prefetch),
            "last_24_h": summary_of(report.recent),
        }
    return told


def counts_of(packets: GetStatusResponse | None) -> dict[str, int] | None:
    """Packets in numbers."""
    if packets is None:
        return None
    return {name: getattr(packets, name) for name in ("total", "fresh", "stale", "invalidated")}


def figures_of(prefetch: prefetch_pb2.GetStatusResponse | None) -> dict[str, object] | None:
    """How preparing does in numbers; times in microseconds."""
    if prefetch is None:
        return None
    return {field.name: getattr(prefetch, field.name) for field in prefetch.DESCRIPTOR.fields}


def summary_of(recent: SummarizeResponse | None) -> dict[str, object] | None:
    """Decisions in numbers; times in microseconds."""
    if recent is None:
        return None
    silences = {each.name: each.count for each in recent.silences}
    numbers = {name: getattr(recent, name) for name in ("decisions", "said", "p50_us", "p90_us", "p95_us", "p99_us")}
    return {**numbers, "routes": {each.name: each.count for each in recent.routes}, "silences": silences}
