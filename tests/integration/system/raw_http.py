"""HTTP as bytes, for what no client library would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.integration.system.running_spark import HOOK_PATH, Spark

BODY = json.dumps(
    {"hook_event_name": "UserPromptSubmit", "session_id": "raw", "cwd": "/srv/raw", "prompt": "go on"}
).encode()


def request(
    spark: Spark, body: bytes = BODY, *, line: str = f"POST {HOOK_PATH} HTTP/1.1", **changed: str | None
) -> bytes:
    """A hook's request; a header that is changed to None is left out, an underscore stands for a dash."""
    headers: dict[str, str | None] = {
        "host": "127.0.0.1",
        **spark.bearer,
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [line, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Answer:
    """A response as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Connection:
    """One connection to the HTTP port."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, within: float = 10.0) -> Answer:
        """The next response."""
        async with asyncio.timeout(within):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split()[1]), headers, body)

    async def ends(self, *, within: float = 10.0) -> bytes:
        """All that still comes until the server hangs up."""
        async with asyncio.timeout(within):
            return await self.reader.read()


@asynccontextmanager
async def connected(spark: Spark) -> AsyncGenerator[Connection]:
    """A connection, dropped at the end whatever its state."""
    address = urlsplit(spark.run.http)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()
