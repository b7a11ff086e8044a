"""The wire as a stranger sees it: any gRPC client with a token, health checks, and reflection without our code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from chassis.calls import CallContext
from chassis.chain import Chain
from chassis.contract import MAX_MESSAGE_BYTES, Method, methods
from chassis.interceptors import STANDARD
from chassis.server import GrpcServer
from chassis.tracing import trace_id
from spark.telemetry.v1 import telemetry_pb2
from tests.contract.carried import TOKENS, TRACEPARENT, Refusal, Telemetry, listening, refusal
from tests.contract.contract_files import SERVICES
from tests.contract.valid_messages import valid

FORGET = "/spark.telemetry.v1.TelemetryService/Forget"
LIST = "/spark.telemetry.v1.TelemetryService/ListDecisions"
WATCH = "/spark.telemetry.v1.TelemetryService/WatchDecisions"
Metadata = tuple[tuple[str, str], ...]
AUTHORISED: Metadata = (("authorization", "Bearer token-of-local"),)
NAMES = [service.full_name for service in SERVICES]


class Answers:
    """Answers every rpc of any service with an empty message, and keeps the requests."""

    def __init__(self, rpcs: Mapping[str, Method]) -> None:
        self.requests: list[Message] = []
        for method in rpcs.values():
            setattr(self, method.name, self._stream(method) if method.streams else self._unary(method))

    def _unary(self, method: Method) -> Callable[[Message, CallContext], Awaitable[Message]]:
        async def handler(request: Message, _: CallContext) -> Message:
            self.requests.append(request)
            return method.response()

        return handler

    def _stream(self, method: Method) -> Callable[[Message, CallContext], AsyncIterator[Message]]:
        async def handler(request: Message, _: CallContext) -> AsyncGenerator[Message]:
            self.requests.append(request)
            yield method.response()

        return handler


@dataclass(frozen=True)
class Whole:
    """A server of every service in the contract."""

    server: GrpcServer
    target: str
    servicers: Mapping[str, Answers]


@pytest.fixture
async def whole() -> AsyncGenerator[Whole]:
    server = GrpcServer(Chain(STANDARD), TOKENS)
    servicers = {service.full_name: Answers(methods(service)) for service in SERVICES}
    for service in SERVICES:
        server.add(service.full_name, servicers[service.full_name], methods(service))
    port = await server.start("127.0.0.1:0")
    yield Whole(server, f"127.0.0.1:{port}", servicers)
    await server.stop(0)


def reflected_calls(target: str) -> Mapping[str, list[bytes]]:
    """Calls every rpc of every service that the server names, knowing nothing but what reflection tells."""
    answers: dict[str, list[bytes]] = {}
    with grpc.insecure_channel(target) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        for name in database.get_services():
            if not name.startswith("spark."):
                continue
            for method in pool.FindServiceByName(name).methods:
                path = f"/{name}/{method.name}"
                ours = methods(next(service for service in SERVICES if service.full_name == name))[path]
                request: Any = GetMessageClass(method.input_type)
                response: Any = GetMessageClass(method.output_type)
                assert request is not ours.request
                made = request.FromString(valid(ours.request).SerializeToString())
                shape = channel.unary_stream if method.server_streaming else channel.unary_unary
                call = shape(path, request.SerializeToString, response.FromString)
                given: Any = call(made, timeout=5, metadata=AUTHORISED)
                got = list(given) if method.server_streaming else [given]
                answers[path] = [message.SerializeToString() for message in got]
    return answers


async def test_reflection_alone_is_enough_to_call_every_rpc(whole: Whole) -> None:
    answers = await asyncio.to_thread(reflected_calls, whole.target)
    rpcs = {path: method for service in SERVICES for path, method in methods(service).items()}
    assert answers == {path: [b""] for path in rpcs}
    for name, servicer in whole.servicers.items():
        expected = [valid(method.request) for path, method in rpcs.items() if path.startswith(f"/{name}/")]
        assert servicer.requests == expected


def services_named(target: str) -> set[str]:
    with grpc.insecure_channel(target) as channel:
        return set(ProtoReflectionDescriptorDatabase(channel).get_services())


async def test_reflection_names_every_service(whole: Whole) -> None:
    named = await asyncio.to_thread(services_named, whole.target)
    assert named == {*NAMES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


async def test_health_follows_readiness(whole: Whole) -> None:
    async with grpc.aio.insecure_channel(whole.target) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)

        async def statuses() -> set[int]:
            requests = [health_pb2.HealthCheckRequest(service=name) for name in ("", *NAMES)]
            return {(await health.Check(request, timeout=5)).status for request in requests}

        assert await statuses() == {health_pb2.HealthCheckResponse.NOT_SERVING}
        await whole.server.serving(ready=True)
        assert await statuses() == {health_pb2.HealthCheckResponse.SERVING}
        await whole.server.serving(ready=False)
        assert await statuses() == {health_pb2.HealthCheckResponse.NOT_SERVING}
        with pytest.raises(grpc.aio.AioRpcError, match="NOT_FOUND"):
            await health.Check(health_pb2.HealthCheckRequest(service="spark.none.v1.None"), timeout=5)


async def test_a_port_in_use_is_an_error_that_names_it(whole: Whole) -> None:
    with pytest.raises(OSError, match=whole.target):
        await GrpcServer(Chain(STANDARD), TOKENS).start(whole.target)


@dataclass(frozen=True)
class Stranger:
    """A client that has bytes and metadata, and none of our code."""

    channel: grpc.aio.Channel
    telemetry: Telemetry

    async def call(
        self, path: str, request: bytes, metadata: Metadata = AUTHORISED, timeout: float | None = 5
    ) -> bytes:
        channel: Any = self.channel
        return await channel.unary_unary(path)(request, timeout=timeout, metadata=metadata)

    async def refused(self, path: str, request: bytes, metadata: Metadata = AUTHORISED) -> grpc.aio.AioRpcError:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.call(path, request, metadata)
        return caught.value


@pytest.fixture
async def stranger() -> AsyncGenerator[Stranger]:
    telemetry = Telemetry()
    async with listening(telemetry) as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Stranger(channel, telemetry)


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", ""),),
        (("authorization", "token-of-local"),),
        (("authorization", "Bearer "),),
        (("authorization", "Bearer token-of-loca"),),
        (("authorization", "Bearer token-of-local2"),),
        (("x-workspace", "local"),),
    ],
)
async def test_no_token_opens_nothing(stranger: Stranger, metadata: Metadata) -> None:
    error = await stranger.refused(LIST, b"", metadata)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert refusal(error).reason == "REASON_UNAUTHENTICATED"
    assert "Authorization: Bearer TOKEN" in refusal(error).message
    assert stranger.telemetry.calls == []


async def test_the_workspace_is_that_of_the_token_whatever_else_is_said(stranger: Stranger) -> None:
    metadata = (("authorization", "Bearer token-of-other"), ("x-workspace", "local"), ("workspace", "local"))
    await stranger.call(LIST, b"", metadata)
    assert [call.workspace_id for call in stranger.telemetry.calls] == ["other"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        TRACEPARENT.upper(),
        TRACEPARENT.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0x" + "1" * 30 + "-b7ad6b7169203331-01",
        "00-" + "1_" * 15 + "11-b7ad6b7169203331-01",
    ],
)
async def test_a_call_without_a_readable_trace_begins_one(stranger: Stranger, header: str | None) -> None:
    metadata = AUTHORISED if header is None else (*AUTHORISED, ("traceparent", header))
    await stranger.call(LIST, b"", metadata)
    await stranger.call(LIST, b"", metadata)
    first, second = (call.traceparent for call in stranger.telemetry.calls)
    assert first not in (second, header)
    assert len(trace_id(first)) == len(trace_id(second)) == 32


async def test_a_trace_of_the_caller_is_kept(stranger: Stranger) -> None:
    await stranger.call(LIST, b"", (*AUTHORISED, ("traceparent", TRACEPARENT)))
    assert [call.traceparent for call in stranger.telemetry.calls] == [TRACEPARENT]


async def test_bytes_that_are_no_message_do_not_reach_the_servicer(stranger: Stranger) -> None:
    error = await stranger.refused(LIST, b"\xff\xff\xff")
    assert refusal(error) == Refusal(
        grpc.StatusCode.INVALID_ARGUMENT,
        "the bytes are no spark.telemetry.v1.ListDecisionsRequest",
        "REASON_INVALID_ARGUMENT",
        "spark",
    )
    assert stranger.telemetry.calls == []
    assert await stranger.call(FORGET, telemetry_pb2.ForgetRequest(session_id="s").SerializeToString()) == b""


async def test_a_message_over_the_limit_is_refused(stranger: Stranger) -> None:
    error = await stranger.refused(LIST, bytes(MAX_MESSAGE_BYTES + 1))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert stranger.telemetry.calls == []


async def test_an_rpc_that_is_not_there_says_so(stranger: Stranger) -> None:
    assert (await stranger.refused("/spark.telemetry.v1.TelemetryService/Nothing", b"")).code() is (
        grpc.StatusCode.UNIMPLEMENTED
    )


async def test_a_call_without_a_deadline_gets_one_of_an_hour(stranger: Stranger) -> None:
    await stranger.call(LIST, b"", timeout=None)
    left = stranger.telemetry.calls[0].remaining()
    assert left is not None
    assert 3500 < left <= 3600
