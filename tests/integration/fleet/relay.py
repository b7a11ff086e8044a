"""A cable that can be pulled: passes bytes on between whoever connects and a target, until it is cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

CHUNK_BYTES = 65_536

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Target = Callable[[], Awaitable[Opened]]


class Relay:
    """Listens on a loopback port of its own. The target is asked for anew for each connection, so that it may move.

    Cut, it passes nothing on and says so to nobody: connections stay open and silent, new ones are not answered. Joined
    again, it goes on where it stopped, as TCP does over a cable that was out for a while.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._whole = asyncio.Event()
        self._whole.set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listens."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Ends all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def cut(self) -> None:
        """Passes nothing on from now on."""
        self._whole.clear()

    def join(self) -> None:
        """Passes on again."""
        self._whole.set()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            await self._whole.wait()
            there, back = await self._target()
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass_on(reader, back))
                    both.create_task(self._pass_on(there, writer))
            except asyncio.CancelledError:
                back.transport.abort()
                raise
            finally:
                back.close()
        except OSError:
            # Nobody is there, which whoever connected learns from the end of the connection.
            pass
        except asyncio.CancelledError:
            # What is not passed on by now never will be, and would keep the connection.
            writer.transport.abort()
        finally:
            writer.close()
            self._carrying.discard(task)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK_BYTES):
                await self._whole.wait()
                sink.write(chunk)
                await sink.drain()
        # One side that is gone is gone for both: none of the protocols here goes on in one direction only.
        sink.close()
