"""What comes in by way of a conversation, over gRPC and HTTP, as it is kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from host.connection import Connection, connected
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.inference.v1 import inference_pb2
from spark.memory.v1 import conversation_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncGenerator[Connection]:
    async with connected(tmp_path, {}) as connection:
        yield connection


async def say(connection: Connection, text: str, session: str = "s") -> None:
    gateway = HooksServiceStub(connection.channels.to("gateway"))
    async for _ in gateway.Chat(hooks_pb2.ChatRequest(chat=inference_pb2.ChatRequest(session_id=session, text=text))):
        pass


async def kept(connection: Connection, session: str = "s") -> list[str]:
    """What memory has of a conversation, newest first."""
    memory = MemoryServiceStub(connection.channels.to("memory"))
    found = await memory.ListEntries(conversation_pb2.ListEntriesRequest(session_id=session))
    return [entry.text for entry in found.entries]


async def test_a_nul_costs_no_entry_and_hides_no_secret(connection: Connection) -> None:
    await say(connection, "my bike\0 is turquoise")
    await say(connection, f"my token is {SECRET[:20]}\0{SECRET[20:]}")
    token, bike = await kept(connection)
    assert bike == "my bike is turquoise"
    assert token.startswith("my token is [redacted")
    assert SECRET[20:] not in token
