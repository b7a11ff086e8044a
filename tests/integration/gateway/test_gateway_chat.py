"""What comes in by way of a conversation, over gRPC and HTTP, as it is kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import grpc.aio
import httpx
import pytest

from host.connection import Connection, connected
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.inference.v1 import inference_pb2
from spark.memory.v1 import conversation_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.system.traces import all_rows

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


async def test_a_secret_in_the_name_of_a_conversation_is_not_kept_and_the_conversation_found_again(
    connection: Connection,
) -> None:
    await say(connection, "over gRPC", SECRET)
    bearer = {"authorization": f"Bearer {connection.token}"}
    async with httpx.AsyncClient(base_url=connection.run.http, headers=bearer) as client:
        asked = await client.post("/v1/chat", json={"session_id": SECRET, "text": "over HTTP"})
        shown = await client.get("/v1/chat", params={"session_id": SECRET})
        nul = await client.get("/v1/chat", params={"session_id": "\0"})
    assert (asked.status_code, nul.status_code) == (200, 400)
    assert [entry["text"] for entry in shown.json()["entries"]] == ["over HTTP", "over gRPC"]
    assert SECRET.encode() not in await all_rows(connection.run.database_url)
    gateway = HooksServiceStub(connection.channels.to("gateway"))
    assert (await gateway.Forget(hooks_pb2.ForgetRequest(session_id=SECRET))).entries == 2


async def test_a_name_of_nuls_alone_erases_nothing(connection: Connection) -> None:
    await say(connection, "stays")
    gateway = HooksServiceStub(connection.channels.to("gateway"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.Forget(hooks_pb2.ForgetRequest(session_id="\0"))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert await kept(connection) == ["stays"]
