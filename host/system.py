"""The whole system of one data folder: engines, services, and the file that says how to reach them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from chassis.faults import StoreUnavailable
from chassis.identity import LOCAL_WORKSPACE, TOKEN, Tokens, local_token
from chassis.settings import Setting, Settings
from chassis.tls import SETTINGS as TLS
from host import engines as embedded
from host.catalog import NAMES, services_named
from host.engines import EngineBusy
from host.engines.folders import private_folder, socket_folder
from host.home import DEFAULT_GRPC_PORT, DEFAULT_HTTP_PORT, Addresses, Run, read_run, remove_run, write_run
from host.listeners import warn_beyond_loopback
from host.process import Engines, Place, Process, bracketed
from host.store import SETTINGS as STORE

DATABASE_URL = Setting("database.url", "SPARK_DATABASE_URL", "", "An external Postgres; empty starts the embedded one")
NATS_URL = Setting("nats.url", "SPARK_NATS_URL", "", "An external NATS with JetStream; empty starts the embedded one")
HTTP_PORT = Setting("listen.http_port", "SPARK_HTTP_PORT", DEFAULT_HTTP_PORT, "HTTP port; 0 takes any", 0, 65535)
GRPC_PORT = Setting("listen.grpc_port", "SPARK_GRPC_PORT", DEFAULT_GRPC_PORT, "gRPC port; 0 takes any", 0, 65535)
HOST = Setting("listen.host", "SPARK_HOST", "127.0.0.1", "Address to listen on; other machines need a token")

SOCKET_NAME = "spark.sock"

SPARE_BYTES = 16 * 1024 * 1024
"""What the embedded Postgres takes at once when it begins the next file of its log; it stops where that is not free."""

TURN_SECONDS = 10.0
TURN_LOOK_SECONDS = 0.05

SETTINGS = (DATABASE_URL, *STORE, NATS_URL, HOST, HTTP_PORT, GRPC_PORT, TOKEN, *TLS)


@dataclass(frozen=True)
class Options:
    """What a user asks of `spark up` beside settings."""

    without: frozenset[str] = frozenset()
    """Services that run elsewhere."""
    private: bool = False
    """Whether it ends with the command that started it: then nobody else is told how to reach it."""


class System:
    """Owns the engines of a data folder and carries the services on them."""

    def __init__(
        self, home: Path, settings: Settings, environment: Mapping[str, str], options: Options | None = None
    ) -> None:
        self._home = home
        self._settings = settings
        self._environment = environment
        self._options = options or Options()
        self._resources = contextlib.AsyncExitStack()
        self.tokens = Tokens({local_token(home): LOCAL_WORKSPACE})
        self._process: Process | None = None
        self.run: Run | None = None

    @property
    def process(self) -> Process:
        """The process that carries the services, once started."""
        assert self._process is not None
        return self._process

    async def start(self) -> Run:
        """Brings everything up and tells how to reach it once it is ready; on failure nothing stays behind.

        Raises:
            EngineBusy: when another Spark owns this data folder.
            EngineError: when an engine cannot be started.
            PortBusy: when a port is taken.
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
        settings = self._settings
        engines = await engines_in_turn(self._home, settings[DATABASE_URL], settings[NATS_URL])
        self._resources.push_async_callback(engines.stop)
        watching = asyncio.create_task(engines.watch(), name="engines")
        self._resources.push_async_callback(ended, watching)
        services = services_named(set(NAMES) - self._options.without)
        urls = Engines(engines.database_url, engines.nats_url)
        addresses = Addresses(self._home, self._environment)
        checks = {"disk": partial(require_space, self._home)} if engines.running else {}
        watched = not self._options.private
        self._process = Process(
            services, urls, settings, self.tokens, addresses, checks=checks, home=self._home, watched=watched
        )
        socket = socket_folder(self._home / "run", SOCKET_NAME) / SOCKET_NAME
        private_folder(socket.parent)
        host = settings[HOST]
        warn_beyond_loopback(host)
        await self._process.start(Place(host, settings[HTTP_PORT], settings[GRPC_PORT], socket))
        self._resources.push_async_callback(self._process.stop)
        self.run = described(self._process, host, socket, urls)
        if not self._options.private:
            write_run(self._home, self.run)
            self._resources.callback(remove_run, self._home, os.getpid())
        return self.run


async def engines_in_turn(home: Path, database_url: str = "", nats_url: str = "") -> embedded.Engines:
    """The engines of a data folder, once a command that has them to itself is through, for 10 s at most.

    Raises:
        EngineBusy: when a system that stays is up by then, or the command is not through.
        EngineError: when an engine cannot be started.
    """
    give_up = time.monotonic() + TURN_SECONDS
    while True:
        try:
            return await embedded.start_engines(home, database_url=database_url or None, nats_url=nats_url or None)
        except EngineBusy:
            if read_run(home) is not None or time.monotonic() > give_up:
                raise
        await asyncio.sleep(TURN_LOOK_SECONDS)


def described(process: Process, host: str, socket: Path | None, engines: Engines) -> Run:
    """How to reach a process."""
    shown = bracketed(host)
    grpc_address = f"{shown}:{process.grpc_port}"
    return Run(
        http=f"http://{shown}:{process.http_port}",
        grpc=f"grpc://{grpc_address}",
        socket=f"unix://{socket}" if socket else "",
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        services=dict.fromkeys(process.carried, grpc_address),
        database_url=engines.database_url,
        nats_url=engines.nats_url,
    )


async def require_space(home: Path) -> None:
    """Makes sure that the embedded engines can write.

    Raises:
        StoreUnavailable: when the disk of the data folder is full.
    """
    free = shutil.disk_usage(home).free
    if free < SPARE_BYTES:
        raise StoreUnavailable(f"{free // 2**20} MiB free for the data folder, {SPARE_BYTES // 2**20} are needed")


async def ended(task: asyncio.Task[None]) -> None:
    """Ends a task and waits for it."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
