"""A process that runs only while somebody calls it: a listener starts it for the first caller and ends it when none has
been there for a while. Bytes are passed on as they come: TLS and HTTP/2 are between the caller and the process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from chassis.guarded import CannotRun, Guarded, tail
from host.home import Run, read_served
from host.listeners import port_busy
from host.process import Place, bracketed

log = logging.getLogger(__name__)

BEHIND = "behind"
"""How a process is known that stands behind a listener: `NAME.behind`, and the flag that makes it one."""

START_S = 20.0
"""Patience with a process that is started."""
LOOK_EVERY_S = 0.01
AGAIN_S = 1.0
"""So long nobody is let in after a start that failed, so that callers who try again do not keep a core busy."""
CHUNK_BYTES = 65_536


class CannotStart(Exception):
    """The process did not become ready; the message says what it said last."""


@dataclass(frozen=True)
class Awake:
    """The process while it runs, and where it answers."""

    child: Guarded
    host: str
    port: int


class OnDemand:
    """Listens at the face of some services: HTTP for the gateway (`web`), gRPC for all others.

    `idle_s` is how long nobody must have been connected until the process is ended, in seconds. Callers of Spark's own
    hang up after a minute without a call.
    """

    def __init__(self, home: Path, names: Sequence[str], place: Place, idle_s: float, *, web: bool) -> None:
        self._home = home
        self._names = list(names)
        self._place = place
        self._idle_s = idle_s
        self._web = web
        self._log = home / "logs" / f"on-demand-{'-'.join(names)}.log"
        self._turn = asyncio.Lock()
        self._awake: Awake | None = None
        self._connected: set[asyncio.Task[None]] = set()
        self._callers = 0
        """Of those connected, who have said something."""
        self._stopping = False
        self._failed_at = float("-inf")
        self._server: asyncio.Server | None = None
        self._napping: asyncio.Task[None] | None = None
        self.starts = 0
        """How often the process was started."""

    async def start(self) -> Run:
        """Listens; returns how to reach it.

        Raises:
            PortBusy: when the port is taken.
        """
        self._log.parent.mkdir(mode=0o700, exist_ok=True)
        host, port = self._place.host, self._place.http_port if self._web else self._place.grpc_port
        try:
            self._server = await asyncio.start_server(self._take, host, port)
        except OSError as error:
            raise port_busy(host, port) from error
        self._napping = asyncio.create_task(self._nap(), name="on demand")
        address = f"{bracketed(host)}:{self._server.sockets[0].getsockname()[1]}"
        return Run(
            http=f"http://{address}" if self._web else "",
            grpc="" if self._web else f"grpc://{address}",
            socket="",
            pid=os.getpid(),
            started=psutil.Process().create_time(),
            services={} if self._web else dict.fromkeys(self._names, address),
        )

    async def stop(self) -> None:
        """Lets nobody in any more and ends the process, which finishes what it has in hand."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        if self._napping is not None:
            self._napping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._napping
        async with self._turn:
            await self._end()
        for caller in self._connected:
            caller.cancel()
        await asyncio.gather(*self._connected, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connected.add(task)
        try:
            # Who merely looks whether a port is open says nothing; those who call speak first, in HTTP and in TLS.
            if said := await reader.read(CHUNK_BYTES):
                await self._call(said, reader, writer)
        except (CannotStart, CannotRun, OSError) as error:
            log.debug("a caller is turned away", extra={"action": "on_demand_turned_away", "error": str(error)})
        except asyncio.CancelledError:
            # What is not sent by then never will be, and would keep the connection.
            writer.transport.abort()
            # It is over by then; of a task that ends as cancelled, Python 3.11's streams print a traceback.
            return
        finally:
            writer.close()
            self._connected.discard(task)

    async def _call(self, said: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers += 1
        try:
            await connect(said, reader, writer, await self._woken())
        finally:
            self._callers -= 1

    async def _woken(self) -> Awake:
        async with self._turn:
            if self._stopping:
                raise CannotStart("it is being stopped")
            if self._awake is not None and self._awake.child.alive:
                return self._awake
            clock = asyncio.get_running_loop().time
            if clock() - self._failed_at < AGAIN_S:
                raise CannotStart("it failed a moment ago")
            try:
                self._awake = await self._begin()
            except (CannotStart, CannotRun) as error:
                self._failed_at = clock()
                log.error("cannot start on demand", extra={"action": "on_demand_failed", "error": str(error)})
                raise
            return self._awake

    async def _begin(self) -> Awake:
        began = asyncio.get_running_loop().time()
        words = ["serve", *self._names, "--only", "calls", f"--{BEHIND}"]
        place = ["--host", "127.0.0.1", "--grpc-port", "0", "--http-port", "0"]
        command = [sys.executable, "-m", "host.cli", *words, *place]
        child = await Guarded.spawn(command, environment=os.environ, log=self._log)
        self.starts += 1
        told = await self._told(child)
        if told is None:
            await child.stop()
            raise CannotStart(f"not ready: {tail(self._log, 500)}")
        url = urlsplit(told.http if self._web else told.grpc)
        assert url.hostname is not None
        assert url.port is not None
        took = asyncio.get_running_loop().time() - began
        log.info("started on demand", extra={"action": "on_demand_started", "seconds": round(took, 3)})
        return Awake(child, url.hostname, url.port)

    async def _told(self, child: Guarded) -> Run | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                while child.alive and not self._stopping:
                    told = read_served(self._home, f"{self._names[0]}.{BEHIND}")
                    if told is not None and told.pid == child.pid:
                        return told
                    await asyncio.sleep(LOOK_EVERY_S)
        return None

    async def _nap(self) -> None:
        clock = asyncio.get_running_loop().time
        last = clock()
        while True:
            await asyncio.sleep(min(1.0, self._idle_s / 4))
            if self._callers:
                last = clock()
            elif clock() - last >= self._idle_s and self._awake is not None:
                async with self._turn:
                    if not self._callers:
                        await self._end()

    async def _end(self) -> None:
        if self._awake is not None:
            await self._awake.child.stop()
            self._awake = None
            log.info("ended, nobody calls", extra={"action": "on_demand_ended"})


async def connect(said: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, awake: Awake) -> None:
    """Passes on what a caller has said and what both say from then on, until the process has said all or either is
    gone."""
    there, back = await asyncio.open_connection(awake.host, awake.port)
    back.write(said)
    asking = asyncio.create_task(passed_on(reader, back))
    answering = asyncio.create_task(passed_on(there, writer))
    try:
        await asyncio.wait((asking, answering), return_when=asyncio.FIRST_COMPLETED)
        if asking.done() and asking.result():
            await answering
    except asyncio.CancelledError:
        back.transport.abort()
        raise
    finally:
        back.close()
        for each in (asking, answering):
            each.cancel()
        await asyncio.gather(asking, answering, return_exceptions=True)


async def passed_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> bool:
    """Passes bytes on in one direction until its source ends, and says so to the other side; whether that worked."""
    try:
        while chunk := await source.read(CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
        sink.write_eof()
    except (OSError, RuntimeError):  # uvloop says so of a transport that is closed.
        return False
    return True
