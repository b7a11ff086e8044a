"""A client of the hook endpoint on one kept connection: as lean as the clients' own, so that its times are theirs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from chassis.faults import ServiceUnavailable
from host.connection import Connection

BAD_REQUEST = 400
PATIENCE_SECONDS = 30.0
"""The gateway answers within its own, much shorter time; this is for one that has died."""


@dataclass(frozen=True, slots=True)
class HookReply:
    """What the gateway answered, and how long that took from here."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float

    @property
    def advice(self) -> str:
        """The text for the agent's context; empty where there is none."""
        said: dict[str, Any] = orjson.loads(self.body or b"{}")
        return str(said.get("hookSpecificOutput", {}).get("additionalContext", ""))


class HookClient:
    """Calls the hooks of one client, one after the other. Enter it to connect, leave it to disconnect."""

    def __init__(self, connection: Connection, client: str) -> None:
        self._connection = connection
        self._head = (
            f"POST /v1/hooks/{client} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {connection.token}\r\n"
        )
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> HookClient:
        """Connects: over the Unix socket where there is one, else over TCP.

        Raises:
            OSError: when nobody listens.
        """
        run = self._connection.run
        if run.socket:
            opened = await asyncio.open_unix_connection(run.socket.removeprefix("unix://"))
        else:
            address = urlsplit(run.http)
            opened = await asyncio.open_connection(address.hostname, address.port)
        self._reader, self._writer = opened
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects."""
        if self._writer is not None:
            self._writer.close()

    async def believes_time(self) -> bool:
        """Whether the gateway takes Spark-Time for the time: only then does it refuse what is none.

        Raises:
            ServiceUnavailable: when the connection breaks, or nothing comes within 30 s.
        """
        # Nothing can be made of an empty object, so it leaves no trace either way.
        return (await self.call({}, "no time")).status == BAD_REQUEST

    async def call(self, payload: Mapping[str, object], occurred_at: datetime | str, project: str = "") -> HookReply:
        """Calls a hook as of a time of the past; a project is a folder that stands for the payload's own.

        Raises:
            ServiceUnavailable: when the connection breaks, or nothing comes within 30 s.
        """
        assert self._reader is not None
        assert self._writer is not None
        body = orjson.dumps(payload)
        stamp = occurred_at if isinstance(occurred_at, str) else occurred_at.isoformat()
        head = f"{self._head}spark-time: {stamp}\r\ncontent-length: {len(body)}\r\n"
        if project:
            head += f"spark-project: {quote(project)}\r\n"
        started = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._writer.write(f"{head}\r\n".encode() + body)
                await self._writer.drain()
                status, headers = parsed(await self._reader.readuntil(b"\r\n\r\n"))
                answer = await self._reader.readexactly(int(headers.get("content-length", "0")))
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            raise ServiceUnavailable(f"the gateway broke off: {error or type(error).__name__}") from error
        return HookReply(status, headers, answer, (time.perf_counter() - started) * 1e3)


def parsed(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers, names in lower case."""
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    fields = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in fields}
