"""The floors: what the machine, the framework and the database take by themselves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg

from bench.keep_alive import KeepAlive
from bench.lessons import WORKSPACE

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement
    from grpc.aio import UnaryUnaryMultiCallable

SELECT = "select text, confidence, lesson from packets.packet where workspace_id = $1 and packet_id = $2"


class EchoHttp:
    """The echo of Starlette under uvicorn, through the same client as the hooks."""

    name = "echo"

    def __init__(self, client: KeepAlive, body: bytes) -> None:
        self._client = client
        self._request = client.request(body)

    async def once(self) -> float:
        """Seconds of one exchange."""
        started = time.perf_counter()
        self._client.exchange(self._request)
        return time.perf_counter() - started


class EchoGrpc:
    """The echo over grpc.aio."""

    name = "grpc"

    def __init__(self, call: UnaryUnaryMultiCallable[bytes, bytes], body: bytes) -> None:
        self._call = call
        self._body = body

    async def once(self) -> float:
        """Seconds of one call."""
        started = time.perf_counter()
        await self._call(self._body)
        return time.perf_counter() - started


class Select:
    """A packet read by its key, prepared, on the same Postgres."""

    name = "select"

    def __init__(self, statement: PreparedStatement[asyncpg.Record], packet_ids: Sequence[str]) -> None:
        self._statement = statement
        self._packet_ids = packet_ids
        self._read = 0

    async def once(self) -> float:
        """Seconds of one read."""
        packet_id = self._packet_ids[(7 * self._read) % len(self._packet_ids)]
        self._read += 1
        started = time.perf_counter()
        row = await self._statement.fetchrow(WORKSPACE, packet_id)
        taken = time.perf_counter() - started
        assert row is not None
        return taken
