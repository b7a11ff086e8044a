"""Where a process listens over HTTP: loopback TCP and a Unix socket, served by one uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator
from pathlib import Path

import psutil
import uvicorn

from chassis.door import LOOPBACK_HOSTS, App

log = logging.getLogger(__name__)

LAST_WORDS_SECONDS = 0.5
"""For which requests that were cut off may still say so."""


class PortBusy(OSError):
    """Somebody else listens there; the message says who, where that can be seen."""


class QuietServer(uvicorn.Server):
    """Uvicorn without hands on the process's signals: the host decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves signals alone."""
        yield


class HttpListener:
    """An app on loopback TCP and, where a path is given, on a Unix socket. Port 0 takes any that is free."""

    def __init__(self, app: App, host: str, port: int, path: Path | None = None) -> None:
        self._sockets = [tcp_socket(host, port)]
        self._path = path
        if path is not None:
            self._sockets.append(unix_socket(path))
        self.port: int = self._sockets[0].getsockname()[1]
        config = uvicorn.Config(
            app,  # pyright: ignore[reportArgumentType]  (uvicorn's scope types are closed unions)
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=300,
            timeout_graceful_shutdown=2,
        )
        self._server = QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to answer."""
        self._task = asyncio.create_task(self._server.serve(sockets=self._sockets), name="http")
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Answers what is in hand, for at most 2 s, and closes."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        if cut_off := set(self._server.server_state.tasks):
            await asyncio.wait(cut_off, timeout=LAST_WORDS_SECONDS)
        for each in self._sockets:
            each.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def warn_beyond_loopback(host: str) -> None:
    """Says in the log that other machines can reach what listens there."""
    if host not in LOOPBACK_HOSTS:
        log.warning("listening beyond loopback", extra={"action": "unsafe_bind", "host": host})


def tcp_socket(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        PortBusy: when somebody else listens there.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise port_busy(host, port) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def unix_socket(path: Path) -> socket.socket:
    """A bound Unix socket that only its owner can open; one left by a dead process is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    return listener


def port_busy(host: str, port: int) -> PortBusy:
    """What to tell of a port that cannot be had."""
    return PortBusy(f"port {port} on {host} is taken by {owner_of(port)}; choose another one")


def owner_of(port: int) -> str:
    """Who listens on a port, as far as this user may see."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid is None:
                    break
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return "another program"
