"""Where a caller's call goes: to a servicer here, to an address, or to a refusal that says what to do."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Protocol

import grpc
import pytest
from grpc.aio import AioRpcError

from chassis.chain import Chain
from chassis.channels import AbsentChannel, Channels, RemoteChannel
from chassis.contract import methods
from chassis.faults import reason_of
from chassis.identity import Tokens
from chassis.interceptors import STANDARD
from chassis.local import LocalChannel
from spark.telemetry.v1.telemetry_pb2 import ForgetRequest, ForgetResponse, WatchDecisionsRequest
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from tests.contract.carried import NAME, SERVICE, TOKENS, Refusal, Telemetry, calling, listening, refusal

if TYPE_CHECKING:
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

FORGET = ForgetRequest(session_id="s")


class Connect(Protocol):
    """Gives a stub for channels, which are closed after the test."""

    def __call__(self, channels: Channels) -> TelemetryServiceAsyncStub: ...


@pytest.fixture
async def connect() -> AsyncGenerator[Connect]:
    opened: list[Channels] = []

    def stub(channels: Channels) -> TelemetryServiceAsyncStub:
        opened.append(channels)
        return TelemetryServiceStub(channels.to(NAME))

    yield stub
    await asyncio.gather(*(channels.close() for channels in opened))


async def test_an_absent_service_says_what_to_do(connect: Connect) -> None:
    stub = connect(Channels(TOKENS, {}))
    expected = Refusal(
        grpc.StatusCode.UNAVAILABLE,
        "no telemetry service here; set SPARK_TELEMETRY_ADDR or start it",
        "REASON_SERVICE_UNAVAILABLE",
        "spark",
        {"service": "telemetry"},
    )
    with calling(), pytest.raises(AioRpcError) as caught:
        await stub.Forget(FORGET)
    assert refusal(caught.value) == expected
    with calling(), pytest.raises(AioRpcError) as caught:
        async for _ in stub.WatchDecisions(WatchDecisionsRequest()):
            pass
    assert refusal(caught.value) == expected


async def test_a_stub_may_be_made_before_the_service_that_it_calls(connect: Connect) -> None:
    channels = Channels(TOKENS, {})
    stub = connect(channels)
    channels.carry(NAME, LocalChannel(Telemetry(), methods(SERVICE), Chain(STANDARD)))
    with calling():
        assert await stub.Forget(FORGET) == ForgetResponse()


async def test_a_service_of_this_process_is_preferred_to_an_address(connect: Connect) -> None:
    channels = Channels(TOKENS, {NAME: "127.0.0.1:1"})
    channels.carry(NAME, LocalChannel(Telemetry(), methods(SERVICE), Chain(STANDARD)))
    stub = connect(channels)
    with calling():
        assert await stub.Forget(FORGET) == ForgetResponse()


async def test_an_address_where_nothing_listens_is_an_unavailable_service(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    stub = connect(Channels(TOKENS, {NAME: f"127.0.0.1:{port}"}))
    with calling(), pytest.raises(AioRpcError) as caught:
        await stub.Forget(FORGET)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(caught.value) == "REASON_SERVICE_UNAVAILABLE"


async def answers(stub: TelemetryServiceAsyncStub) -> bool:
    try:
        await stub.Forget(FORGET)
    except AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    return True


async def test_a_restarted_service_is_found_again_within_a_second(connect: Connect) -> None:
    async with listening(Telemetry()) as port:
        stub = connect(Channels(TOKENS, {NAME: f"127.0.0.1:{port}"}))
        with calling():
            await stub.Forget(FORGET)
    with calling():
        for _ in range(50):  # Each failed attempt would lengthen gRPC's own pause.
            assert not await answers(stub)
        async with listening(Telemetry(), port), asyncio.timeout(1):
            while not await answers(stub):
                pass


@pytest.mark.parametrize("tokens", [{}, {"token-of-nobody": "local"}], ids=["none", "unknown"])
async def test_a_caller_without_a_known_token_is_refused(connect: Connect, tokens: dict[str, str]) -> None:
    telemetry = Telemetry()
    async with listening(telemetry) as port:
        stub = connect(Channels(Tokens(tokens), {NAME: f"127.0.0.1:{port}"}))
        with calling(), pytest.raises(AioRpcError) as caught:
            await stub.Forget(FORGET)
        seen = refusal(caught.value)
        assert (seen.code, seen.reason) == (grpc.StatusCode.UNAUTHENTICATED, "REASON_UNAUTHENTICATED")
        with calling(), pytest.raises(AioRpcError) as caught:
            async for _ in stub.WatchDecisions(WatchDecisionsRequest()):
                pass
        assert refusal(caught.value) == seen
    assert telemetry.calls == []


def channels_in(kind: type) -> int:
    """How many of a kind are still held by anybody."""
    gc.collect()
    return sum(isinstance(each, kind) for each in gc.get_objects())


async def test_calls_to_an_absent_service_leave_nothing_behind(connect: Connect) -> None:
    stub = connect(Channels(TOKENS, {}))
    with calling():
        assert not await answers(stub)
        before = channels_in(AbsentChannel)
        for _ in range(20):
            assert not await answers(stub)
    assert channels_in(AbsentChannel) == before


async def test_a_service_that_moves_leaves_no_connection_behind(connect: Connect) -> None:
    addresses: dict[str, str] = {}
    channels = Channels(TOKENS, addresses)
    stub = connect(channels)
    before = channels_in(RemoteChannel)
    for _ in range(3):
        telemetry = Telemetry()
        async with listening(telemetry) as port:
            addresses[NAME] = f"127.0.0.1:{port}"
            with calling():
                assert await answers(stub)
    async with asyncio.timeout(10):
        while channels_in(RemoteChannel) > before + 1:
            await asyncio.sleep(0)


async def test_a_call_under_way_survives_that_its_service_moves(connect: Connect) -> None:
    addresses: dict[str, str] = {}
    stub = connect(Channels(TOKENS, addresses))
    async with listening(Telemetry()) as first, listening(Telemetry()) as second:
        addresses[NAME] = f"127.0.0.1:{first}"
        with calling():
            under_way = asyncio.create_task(answers(stub))
            await asyncio.sleep(0)
            addresses[NAME] = f"127.0.0.1:{second}"
            assert await answers(stub)
            assert await under_way
