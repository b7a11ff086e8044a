"""The way to the Spark that others share: it can be listened to, cut, and left without an answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Wire:
    """Carries bytes between a port on loopback and a Spark's HTTP, behind TLS where there is a context for it."""

    def __init__(self, target: str, tls: ssl.SSLContext | None = None) -> None:
        self.lead_to(target)
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._answers = asyncio.Event()
        self._answers.set()
        self.sent = bytearray()
        """All that went out, as it is without TLS."""

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def lead_to(self, target: str) -> None:
        """Says where the next calls come out."""
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 0)

    async def mend(self) -> None:
        """Lets calls through, on the same port as before."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Ends what goes through, and refuses what comes."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._open:
            writer.transport.abort()
        for each in list(self._carrying):
            each.cancel()
            with suppress(asyncio.CancelledError):
                await each

    def hold(self) -> None:
        """Takes what comes and brings no answer."""
        self._answers.clear()

    def let_go(self) -> None:
        """Brings what was held."""
        self._answers.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        self._open.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._open.add(far_writer)
            try:
                await asyncio.gather(self._out(reader, far_writer), self._back(far_reader, writer))
            finally:
                self._open.discard(far_writer)
                far_writer.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._carrying.discard(task)
            self._open.discard(writer)
            writer.close()

    async def _out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.sent += data
            writer.write(data)
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._answers.wait()
            writer.write(data)
        writer.close()


@asynccontextmanager
async def wire_to(target: str, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Wire]:
    """A wire for the time of the block."""
    wire = Wire(target, tls)
    await wire.mend()
    try:
        yield wire
    finally:
        wire.let_go()
        await wire.cut()
