"""A listener that ends while an answer is being made: whoever asked is told, and nothing is logged as a fault."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.applications import Starlette

from chassis.calls import CallContext
from chassis.chain import Chain
from chassis.channels import Channels
from chassis.contract import methods
from chassis.identity import LOCAL_WORKSPACE, Tokens
from chassis.local import LocalChannel
from gateway.chat import ChatEndpoint
from host.listeners import HttpListener
from spark.inference.v1 import generation_pb2, inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceServicer, InferenceServiceStub
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub

PATIENCE_S = 10
BODY = {"session_id": "s", "text": "is it so?"}


class Endless(InferenceServiceServicer):
    """Says as many pieces as it is told, and never the end."""

    def __init__(self) -> None:
        self.pieces = 0
        self.said = asyncio.Event()

    async def Chat(  # pyright: ignore[reportIncompatibleMethodOverride]  (its second argument is a call's context here)
        self, request: inference_pb2.ChatRequest, call: CallContext
    ) -> AsyncGenerator[inference_pb2.ChatResponse]:
        for _ in range(self.pieces):
            yield inference_pb2.ChatResponse(delta=generation_pb2.Delta(text="Yes"))
        self.said.set()
        await asyncio.Event().wait()


@pytest.fixture
def endless() -> Endless:
    return Endless()  # pyright: ignore[reportAbstractUsage]  (it is asked for nothing else)


@pytest.fixture
async def listener(endless: Endless) -> AsyncGenerator[HttpListener]:
    tokens = Tokens({"token": LOCAL_WORKSPACE})
    channels = Channels(tokens, {})
    contract = inference_pb2.DESCRIPTOR.services_by_name["InferenceService"]
    channels.carry("inference", LocalChannel(endless, methods(contract), Chain(())))
    inference, memory = InferenceServiceStub(channels.to("inference")), MemoryServiceStub(channels.to("memory"))
    app = Starlette(routes=ChatEndpoint(inference, memory, tokens).routes)
    listener = HttpListener(app, "127.0.0.1", 0)
    await listener.start()
    yield listener
    await channels.close()


def client_of(listener: HttpListener) -> httpx.AsyncClient:
    url = f"http://127.0.0.1:{listener.port}"
    return httpx.AsyncClient(base_url=url, headers={"authorization": "Bearer token"}, timeout=PATIENCE_S)


@pytest.mark.parametrize("path", ["/v1/chat", "/v1/chat/stream"])
async def test_before_the_first_event_it_is_refused(
    path: str, listener: HttpListener, endless: Endless, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(PATIENCE_S), client_of(listener) as client:
        asking = asyncio.create_task(client.post(path, json=BODY))
        await endless.said.wait()
        await listener.stop()
        reply = await asking
    assert (reply.status_code, reply.json()["error"]["reason"]) == (503, "SERVICE_UNAVAILABLE")
    assert "stopping" in reply.json()["error"]["message"]
    assert_no_fault(caplog)


async def test_after_it_the_stream_ends_with_why(
    listener: HttpListener, endless: Endless, caplog: pytest.LogCaptureFixture
) -> None:
    endless.pieces = 1
    async with (
        asyncio.timeout(PATIENCE_S),
        client_of(listener) as client,
        client.stream("POST", "/v1/chat/stream", json=BODY) as reply,
    ):
        lines = reply.aiter_lines()
        assert await anext(lines) == "event: delta"
        await listener.stop()
        events = [line async for line in lines if line]
    assert events[-2] == "event: failed"
    assert json.loads(events[-1].removeprefix("data: "))["reason"] == "REASON_SERVICE_UNAVAILABLE"
    assert_no_fault(caplog)


def assert_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and record.exc_info]
