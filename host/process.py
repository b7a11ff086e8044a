"""One process that carries services: builds them, puts them on the wire, and takes them down in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match

from chassis.bus import Bus
from chassis.chain import Chain
from chassis.channels import Channels
from chassis.clock import Clock, SystemClock
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.door import LOOPBACK_HOSTS, Door, Scope
from chassis.faults import BusUnavailable
from chassis.identity import Tokens
from chassis.interceptors import standard
from chassis.lag import LOOK_EVERY_S, look_at
from chassis.local import LocalChannel
from chassis.probes import LOOK_EVERY_SECONDS, Readiness, probe_routes
from chassis.repeating import Repeating
from chassis.server import GrpcServer
from chassis.service import Check, Running, Service, Surroundings
from chassis.settings import Settings
from chassis.tls import read_tls
from host.alerts.alarm import Alarm
from host.listeners import HttpListener, port_busy
from host.production import production_routes
from host.store import Store

log = logging.getLogger(__name__)

GRACE_SECONDS = 2.0
IN_TURN_SECONDS = 1.0
"""For which services end one after the other; what is left then ends at once, for each may have to wait for 2 s."""
READY_SECONDS = 10.0
GC_THRESHOLDS = (10_000, 20, 20)
"""Hooks leave little that is cyclic: looking for it after each 700 objects, Python's default, is work for nothing."""


@dataclass(frozen=True)
class Place:
    """Where a process listens. Ports of 0 take any that is free; without a path there is no Unix socket."""

    host: str = "127.0.0.1"
    http_port: int = 0
    grpc_port: int = 0
    socket: Path | None = None


class Part(StrEnum):
    """What of its services a process does: those who answer are scaled by calls, those who consume by what waits."""

    ALL = "all"
    CALLS = "calls"
    """Answers, and consumes no event."""
    EVENTS = "events"
    """Consumes events, and answers nobody but probes."""


@dataclass(frozen=True)
class Engines:
    """Where Postgres and NATS are."""

    database_url: str
    nats_url: str


class Process:
    """Carries services until stopped. `checks` must pass, beside those of the services, before it is ready; `watched`
    says whether it looks at the alerts."""

    def __init__(
        self,
        services: Sequence[Service],
        engines: Engines,
        settings: Settings,
        tokens: Tokens,
        addresses: Mapping[str, str],
        clock: Clock | None = None,
        checks: Mapping[str, Check] | None = None,
        home: Path | None = None,
        *,
        watched: bool = True,
        part: Part = Part.ALL,
    ) -> None:
        self._home = home
        self._watched = watched
        self._part = part
        self._tls = read_tls(settings)
        self._services = services
        self._engines = engines
        self._settings = settings
        self._tokens = tokens
        self._clock = clock or SystemClock()
        self._checks = checks or {}
        self.channels = Channels(tokens, addresses, self._tls)
        self._resources = AsyncExitStack()
        self._store = Store(engines.database_url, settings)
        self._databases: list[Database] = []
        self._begun: list[Running] = []
        self._began = time.monotonic()
        self.http_port = 0
        self.grpc_port = 0

    @property
    def carried(self) -> list[str]:
        """Names of the services in this process."""
        return [service.name for service in self._services]

    async def start(self, place: Place) -> None:
        """Brings everything up; on failure nothing stays behind.

        Raises:
            PortBusy: when a port is taken.
            BusUnavailable: when NATS does not answer.
            StoreUnavailable: when Postgres does not.
            BadSetting: when a setting cannot be read.
            NotReady: when something else does not answer within 10 s.
        """
        try:
            await self._start(place)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Takes everything down in the order opposite to its start, in 9 s even where both engines hang.

        First nothing more is let in, then the services end, then the connections to Postgres and to NATS, which end
        together, since each of them may have to wait for 2 s.
        """
        await self._resources.aclose()

    async def _start(self, place: Place) -> None:
        alarm = Alarm(self._settings, self._clock, self._home) if self._watched else None
        await self._store.prepare(self._services)
        bus = await Bus.connect(self._engines.nats_url)
        self._resources.push_async_callback(bus.close)
        await bus.ensure_streams()
        await bus.faults.start()
        self._resources.push_async_callback(self.channels.close)
        self._resources.push_async_callback(together, [self._close_databases, bus.faults.stop])
        chain = Chain(standard(bus.faults))
        server = GrpcServer(chain, self._tokens, self._tls)
        given = Surroundings(
            self._clock, self._settings, self.channels, self._tokens, self._open_database, bus, self._home
        )
        carried = [(service, service.assemble(given)) for service in self._services]
        for service, running in carried:
            self.channels.carry(service.name, LocalChannel(running.servicer, service.methods, chain))
            if self._part is not Part.EVENTS:
                server.add(service.contract.full_name, running.servicer, service.methods)
        self._resources.push_async_callback(self._end_services)
        for _, running in carried:
            await self._begin(running)
        consumers = [consumer for _, running in carried for consumer in self._consumers(running)]
        await self._repeat(Repeating("consumers' lag", LOOK_EVERY_S, partial(look_at, consumers)))
        doors: list[Callable[[], Awaitable[None]]] = []
        self._resources.push_async_callback(together, doors)
        try:
            self.grpc_port = await server.start(f"{bracketed(place.host)}:{place.grpc_port}")
        except OSError as error:
            raise port_busy(place.host, place.grpc_port) from error
        doors.append(partial(server.stop, GRACE_SECONDS))
        checks = {**checks_of(carried, bus), **self._checks}
        readiness = Readiness(checks)
        told = production_routes(readiness, version("spark-advisory"), self.carried, self._began)
        app = web_app([] if self._part is Part.EVENTS else carried, readiness, place.host, told)
        listener = HttpListener(app, place.host, place.http_port, place.socket)
        await listener.start()
        doors.append(listener.stop)
        for _, running in carried:
            self._resources.callback(running.hang_up)
        self.http_port = listener.port
        await readiness.awaited(READY_SECONDS)
        await server.serving(ready=True)
        await self._repeat(Repeating("readiness", LOOK_EVERY_SECONDS, partial(tell_readiness, readiness, server)))
        if alarm is not None:
            await alarm.start(readiness, self.channels if "telemetry" in self.carried else None)
            self._resources.push_async_callback(alarm.stop)
        calm_collector()

    async def _begin(self, running: Running) -> None:
        await running.start()
        self._begun.append(running)
        for consumer in self._consumers(running):
            await consumer.start()

    def _consumers(self, running: Running) -> Sequence[Consumer]:
        return () if self._part is Part.CALLS else running.consumers

    async def _repeat(self, look: Repeating) -> None:
        await look.start()
        self._resources.push_async_callback(look.stop)

    async def _end_services(self) -> None:
        await in_turn([partial(end, running) for running in reversed(self._begun)], IN_TURN_SECONDS)

    def _open_database(self, schema: str, size: int) -> Database:
        database = self._store.open(schema, size)
        self._databases.append(database)
        return database

    async def _close_databases(self) -> None:
        await together([database.close for database in self._databases])


async def tell_readiness(readiness: Readiness, server: GrpcServer) -> None:
    """Brings the metrics and what the health service says up to date."""
    await server.serving(ready=not await readiness.lately())


async def end(running: Running) -> None:
    """Ends a service: first what feeds it."""
    await together([consumer.stop for consumer in running.consumers])
    await running.stop()


async def in_turn(steps: Sequence[Callable[[], Awaitable[None]]], seconds: float) -> None:
    """Takes one step after the other, each to its end whatever becomes of the others; after so many seconds all that
    are left at once.

    Raises:
        Exception: what the first of those that failed raised.
    """
    clock = asyncio.get_running_loop().time
    last = clock() + seconds
    begun: list[asyncio.Future[None]] = []
    for step in steps:
        begun.append(asyncio.ensure_future(step()))
        await asyncio.wait(begun[-1:], timeout=max(0.0, last - clock()))
    await all_of(begun)


async def together(steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Takes all steps at once, each to its end whatever becomes of the others.

    Raises:
        Exception: what the first of those that failed raised.
    """
    await all_of([step() for step in steps])


async def all_of(steps: Iterable[Awaitable[None]]) -> None:
    """Waits for all, whatever becomes of some.

    Raises:
        Exception: what the first of those that failed raised.
    """
    ended = await asyncio.gather(*steps, return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException):
            raise each


def bracketed(host: str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def checks_of(carried: Sequence[tuple[Service, Running]], bus: Bus) -> dict[str, Check]:
    """What must answer before the process is ready: the bus, and one check of Postgres however many ask for it."""

    async def nats() -> None:
        if not bus.connected:
            raise BusUnavailable("NATS is not connected")
        await bus.probe()

    checks: dict[str, Check] = {"nats": nats}
    for _, running in carried:
        for name, check in running.checks.items():
            checks.setdefault(name, check)
    return checks


def web_app(
    carried: Sequence[tuple[Service, Running]], readiness: Readiness, host: str, more: Sequence[BaseRoute]
) -> Door:
    """The routes of all services with the probes and more, behind the door."""
    pages = [page for _, running in carried for page in running.pages]
    routes = [route for _, running in carried for route in running.routes]
    routes += [*probe_routes(readiness, version("spark-advisory")), *more, *pages]
    handlers = {HTTPException: explain_http_error}
    app = Starlette(routes=routes, exception_handlers=handlers)  # pyright: ignore[reportArgumentType]

    def is_page(scope: Scope) -> bool:
        return any(page.matches(scope)[0] is Match.FULL for page in pages)

    return Door(app, any_host=host not in LOOPBACK_HOSTS, pages=is_page)


async def explain_http_error(_: Request, error: Exception) -> Response:
    """An error of the routes themselves, as JSON like all others."""
    assert isinstance(error, HTTPException)
    reason = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "REFUSED")
    body = {"error": {"reason": reason, "message": str(error.detail)}}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


def calm_collector() -> None:
    """Takes what the start has made, which lives as long as the process, out of the garbage collector's sight.

    Else each full collection looks at all modules and descriptors again: a pause in some hook every few seconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
