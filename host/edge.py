"""A developer's machine beside a Spark that others share: hooks are read and cleaned here, and handled there."""

from __future__ import annotations

import os
import time
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psutil

from chassis.clock import SystemClock
from chassis.identity import LOCAL_WORKSPACE, Tokens, local_token
from chassis.probes import Readiness
from chassis.repeating import Repeating
from chassis.settings import Settings
from gateway.edge.link import Fleet
from gateway.edge.passing import Passing
from gateway.edge.upstream import LOOK_EVERY_S, Upstream
from gateway.endpoint import HookEndpoint
from gateway.hooks import Hooks
from gateway.projects import Projects
from gateway.settings import MAX_MS
from host.engines import EngineLock
from host.engines.folders import private_folder, socket_folder
from host.fleet import link_to
from host.home import Run, remove_run, write_run
from host.listeners import HttpListener, warn_beyond_loopback
from host.process import bracketed, calm_collector, web_app
from host.production import production_routes
from host.system import HOST, HTTP_PORT, SOCKET_NAME


class Edge:
    """Answers the hooks of this machine until stopped."""

    def __init__(self, home: Path, settings: Settings, fleet: Fleet) -> None:
        self._home = home
        self._settings = settings
        self._fleet = fleet
        self._resources = AsyncExitStack()
        self._link = link_to(fleet, settings)
        self.upstream = Upstream(self._link)

    async def start(self) -> Run:
        """Listens, and tells how to be reached; on failure nothing stays behind.

        Raises:
            EngineBusy: when another Spark owns this data folder.
            PortBusy: when the port is taken.
        """
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Takes everything down."""
        await self._resources.aclose()

    async def _start(self) -> Run:
        # It has no engines, and yet one data folder is one Spark's.
        self._resources.enter_context(EngineLock(self._home))
        self._resources.push_async_callback(self._link.close)
        upstream, tokens, host = self.upstream, Tokens({local_token(self._home): LOCAL_WORKSPACE}), self._settings[HOST]
        self._resources.push_async_callback(upstream.close)
        hooks = Hooks(Projects(), upstream, SystemClock(), self._settings[MAX_MS], unnoted)
        endpoint = HookEndpoint(hooks, tokens, believes_header=False)
        readiness = Readiness({"fleet": upstream.check})
        told = production_routes(readiness, version("spark-advisory"), ["gateway"], time.monotonic())
        routes = [*endpoint.routes, *Passing(self._link, tokens).routes]
        socket = socket_folder(self._home / "run", SOCKET_NAME) / SOCKET_NAME
        private_folder(socket.parent)
        warn_beyond_loopback(host)
        app = web_app([], readiness, host, [*told, *routes])
        listener = HttpListener(app, host, self._settings[HTTP_PORT], socket)
        await listener.start()
        self._resources.push_async_callback(listener.stop)
        looking = Repeating("fleet", LOOK_EVERY_S, upstream.check)
        await looking.start()
        self._resources.push_async_callback(looking.stop)
        run = Run(
            http=f"http://{bracketed(host)}:{listener.port}",
            grpc="",
            socket=f"unix://{socket}",
            pid=os.getpid(),
            started=psutil.Process().create_time(),
            fleet=self._fleet.url,
        )
        write_run(self._home, run)
        self._resources.callback(partial(remove_run, self._home, os.getpid()))
        calm_collector()
        return run


def unnoted(component: str, reason: str, workspace_id: str, traceparent: str) -> None:
    """Faults of hooks are counted here (`spark_hooks_total`); there is no bus to tell of them."""
    del component, reason, workspace_id, traceparent
