"""Memory in a process of its own, that can be killed, and a caller who speaks to it over the wire."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc.aio

from chassis.identifiers import new_ulid
from chassis.identity import local_token
from host.home import read_served
from spark.memory.v1 import conversation_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.system.running_spark import EXIT_SECONDS, START_SECONDS, spark_process, until

if TYPE_CHECKING:
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub

PACE_S = 0.01
BATCH = 10
"""Entries of a call: 1,000 a second at 100 calls a second."""


@dataclass
class Caller:
    """Says things at a pace, and keeps what memory took and when."""

    stub: MemoryServiceAsyncStub
    metadata: tuple[tuple[str, str], ...]
    taken: dict[str, float] = field(default_factory=dict[str, float])
    """When each entry was taken, monotonic seconds, by its id, in the order in which they were said."""

    async def remembers(self, entry_ids: Sequence[str], session: str) -> None:
        entries = [entry_message(entry_id, session) for entry_id in entry_ids]
        request = conversation_pb2.RememberRequest(entries=entries)
        await self.stub.Remember(request, metadata=self.metadata, timeout=5)
        at = time.monotonic()
        self.taken.update(dict.fromkeys(entry_ids, at))

    async def says_until(self, end: float, session: str) -> None:
        """Says 1,000 entries a second, until a time or until nobody takes them."""
        due = time.monotonic()
        while (now := time.monotonic()) < end:
            if now < due:
                await asyncio.sleep(due - now)
            due += PACE_S
            try:
                await self.remembers([new_ulid() for _ in range(BATCH)], session)
            except grpc.aio.AioRpcError:
                return


def entry_message(entry_id: str, session: str) -> conversation_pb2.Entry:
    message = conversation_pb2.Entry(entry_id=entry_id, session_id=session, text=f"My secret is {entry_id}.")
    message.speaker = conversation_pb2.SPEAKER_USER
    message.said_at.GetCurrentTime()
    return message


@dataclass(frozen=True)
class Served:
    """The process and who speaks to it."""

    process: subprocess.Popen[bytes]
    caller: Caller
    log: Path


@asynccontextmanager
async def memory_served(home: Path, database_url: str, bus_url: str) -> AsyncGenerator[Served]:
    """`spark serve memory` on these engines; what still runs at the end is killed."""
    home.mkdir(mode=0o700, exist_ok=True)  # noqa: ASYNC240 - it takes no time.
    log = home.with_name("memory.log")
    engines = {"SPARK_DATABASE_URL": database_url, "SPARK_NATS_URL": bus_url, "SPARK_MEMORY_SEMANTIC": "0"}
    process = spark_process(home, "serve", "memory", log=log, environment=engines)
    try:
        until(
            lambda: process.poll() is not None or read_served(home, "memory") is not None,
            within=START_SECONDS,
            what="memory tells where it is",
        )
        told = read_served(home, "memory")
        assert told is not None, log.read_text()
        async with grpc.aio.insecure_channel(told.services["memory"]) as channel:
            metadata = (("authorization", f"Bearer {local_token(home)}"),)
            yield Served(process, Caller(MemoryServiceStub(channel), metadata), log)
    finally:
        process.kill()
        process.wait(EXIT_SECONDS)
