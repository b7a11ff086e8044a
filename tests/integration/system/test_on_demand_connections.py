"""What becomes of connections that go through the listener of a service on demand."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest

from chassis.guarded import Guarded
from host.on_demand import Awake, OnDemand
from host.process import Place

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Child:
    """Stands for a process that runs."""

    pid = 1
    alive = True

    async def stop(self) -> int:
        self.alive = False
        return 0


class Listener(OnDemand):
    """Starts nothing: its process is the test."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ["telemetry"], Place(), 0.2, web=False)
        self.called: asyncio.Queue[Streams] = asyncio.Queue()
        self.opened: list[asyncio.StreamWriter] = []
        self.port = 0
        self.face = 0

    async def _begin(self) -> Awake:
        self.starts += 1
        return Awake(cast(Guarded, Child()), "127.0.0.1", self.port)

    async def caller(self) -> Streams:
        opened = await asyncio.open_connection("127.0.0.1", self.face)
        self.opened.append(opened[1])
        return opened

    async def called_by(self, said: bytes) -> tuple[Streams, Streams]:
        """A caller's streams and those at the process, once what the caller says has arrived."""
        caller = await self.caller()
        caller[1].write(said)
        there = await self.called.get()
        assert await there[0].readexactly(len(said)) == said
        return caller, there


@asynccontextmanager
async def listening(folder: Path) -> AsyncGenerator[Listener]:
    listener = Listener(folder)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.opened.append(writer)
        await listener.called.put((reader, writer))

    process = await asyncio.start_server(take, "127.0.0.1", 0)
    listener.port = process.sockets[0].getsockname()[1]
    listener.face = int((await listener.start()).grpc.rpartition(":")[2])
    yield listener
    await listener.stop()
    process.close()
    for writer in listener.opened:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    """Is gone without an orderly end."""
    mine: socket.socket = writer.get_extra_info("socket")
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def ends(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(2):
        try:
            assert await reader.read() == b""
        except ConnectionResetError:
            return


async def test_each_side_hears_when_the_other_is_gone(tmp_path: Path) -> None:
    async with listening(tmp_path) as listener:
        caller, there = await listener.called_by(b"one")
        reset(caller[1])
        await ends(there[0])
        caller, there = await listener.called_by(b"two")
        reset(there[1])
        await ends(caller[0])
        caller, there = await listener.called_by(b"three")
        there[1].close()
        await ends(caller[0])


async def test_who_has_said_all_is_answered(tmp_path: Path) -> None:
    async with listening(tmp_path) as listener:
        caller, there = await listener.called_by(b"question")
        caller[1].write_eof()
        await ends(there[0])
        there[1].write(b"answer")
        there[1].close()
        assert await caller[0].read() == b"answer"


async def test_an_open_port_that_is_merely_looked_at_starts_nothing(tmp_path: Path) -> None:
    async with listening(tmp_path) as listener:
        _, looking = await listener.caller()
        await asyncio.sleep(0.05)
        looking.close()
        _, held = await listener.caller()
        caller, there = await listener.called_by(b"now")
        assert listener.starts == 1
        caller[1].close()
        there[1].close()
        await asyncio.sleep(0.6)
        await listener.called_by(b"again")
        assert listener.starts == 2, "it ended although somebody is connected who says nothing"
        held.close()


async def test_the_end_is_quiet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        async with listening(tmp_path) as listener:
            await listener.called_by(b"still here")
        await asyncio.sleep(0)
    assert caplog.records == []
