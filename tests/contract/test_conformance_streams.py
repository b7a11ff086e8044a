"""What a reader and a servicer may rely on in a call with many answers, however the service is carried."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc.aio import AioRpcError

from chassis.calls import CallContext, current_call
from chassis.faults import NotFound, reason_of
from spark.telemetry.v1.telemetry_pb2 import (
    ForgetRequest,
    WatchDecisionsRequest,
    WatchDecisionsResponse,
)
from tests.contract.carried import TRACEPARENT, Telemetry, calling, refusal

if TYPE_CHECKING:
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

PATH = "/spark.telemetry.v1.TelemetryService/WatchDecisions"
LARGE = 256 * 1024


def item(number: int, size: int = 0) -> WatchDecisionsResponse:
    response = WatchDecisionsResponse()
    response.decision.hook_latency_us = number
    response.decision.target = "x" * size
    return response


def number_of(response: WatchDecisionsResponse) -> int:
    return response.decision.hook_latency_us


class Writer:
    """A stream of `count` items that keeps book of how far it came, and can wait, fail or be cut short afterwards."""

    def __init__(self, count: int, *, size: int = 0, waits: bool = False, fails: Exception | None = None) -> None:
        self.written = 0
        self.ended = asyncio.Event()
        self.present: list[CallContext | None] = []
        self._count, self._size, self._waits, self._fails = count, size, waits, fails

    async def __call__(self, _: WatchDecisionsRequest, __: CallContext) -> AsyncGenerator[WatchDecisionsResponse]:
        try:
            for number in range(self._count):
                self.present.append(current_call.get())
                self.written += 1
                yield item(number, self._size)
            if self._waits:
                await asyncio.Event().wait()
            if self._fails is not None:
                raise self._fails
        finally:
            self.present.append(current_call.get())
            self.ended.set()

    async def end(self) -> None:
        async with asyncio.timeout(5):
            await self.ended.wait()


async def read(items: AsyncIterable[WatchDecisionsResponse], into: list[int], count: int | None = None) -> None:
    async for response in items:
        into.append(number_of(response))
        if len(into) == count:
            return


async def test_all_items_arrive_in_order(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    telemetry.watching = writer = Writer(500)
    got: list[int] = []
    with calling():
        await read(stub.WatchDecisions(WatchDecisionsRequest()), got)
    assert got == list(range(500))
    assert writer.ended.is_set()


async def test_an_empty_stream_ends(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    telemetry.watching = Writer(0)
    got: list[int] = []
    with calling():
        await read(stub.WatchDecisions(WatchDecisionsRequest()), got)
    assert got == []


@pytest.mark.parametrize("count", [0, 3])
async def test_an_error_comes_after_the_items_before_it(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry, count: int
) -> None:
    telemetry.watching = Writer(count, fails=NotFound("no such project", kind="project", id="p"))
    got: list[int] = []
    with calling(), pytest.raises(AioRpcError) as caught:
        await read(stub.WatchDecisions(WatchDecisionsRequest()), got)
    assert got == list(range(count))
    seen = refusal(caught.value)
    assert (seen.code, seen.message, seen.reason, seen.metadata) == (
        grpc.StatusCode.NOT_FOUND,
        "no such project",
        "REASON_NOT_FOUND",
        {"kind": "project", "id": "p"},
    )


async def test_the_text_of_an_unexpected_exception_stays_here(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.watching = Writer(2, fails=RuntimeError("password=hunter2"))
    got: list[int] = []
    with calling(), pytest.raises(AioRpcError) as caught:
        await read(stub.WatchDecisions(WatchDecisionsRequest()), got)
    assert got == [0, 1]
    assert reason_of(caught.value) == "REASON_INTERNAL"
    assert "hunter2" not in repr((refusal(caught.value), caught.value.debug_error_string()))
    assert [getattr(record, "trace_id", "") for record in caplog.records if record.exc_info] == [
        TRACEPARENT.split("-")[1]
    ]


async def test_a_request_that_breaks_the_contract_begins_no_stream(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    with calling(), pytest.raises(AioRpcError) as caught:
        await read(stub.WatchDecisions(WatchDecisionsRequest(project_id="p" * 65)), [])
    assert refusal(caught.value).code is grpc.StatusCode.INVALID_ARGUMENT
    assert [name for name, _ in refusal(caught.value).fields] == ["project_id"]
    assert telemetry.calls == []


async def test_items_are_the_readers_own(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    same = item(7)
    kept: list[int] = []

    async def watching(_: WatchDecisionsRequest, __: CallContext) -> AsyncGenerator[WatchDecisionsResponse]:
        for _number in range(3):
            yield same
            kept.append(number_of(same))

    telemetry.watching = watching
    with calling():
        async for response in stub.WatchDecisions(WatchDecisionsRequest()):
            assert number_of(response) == 7
            response.decision.hook_latency_us = 8
    assert kept == [7, 7, 7]


async def test_a_reader_that_is_cancelled_ends_the_writer(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    telemetry.watching = writer = Writer(2, waits=True)
    two = asyncio.Event()

    async def reading() -> None:
        async for response in stub.WatchDecisions(WatchDecisionsRequest()):
            if number_of(response) == 1:
                two.set()

    with calling():
        task = asyncio.create_task(reading())
    async with asyncio.timeout(5):
        await two.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await writer.end()


async def test_a_reader_that_stops_reading_ends_the_writer(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    telemetry.watching = writer = Writer(1_000_000)
    got: list[int] = []
    with calling():
        await read(stub.WatchDecisions(WatchDecisionsRequest()), got, 3)
    await writer.end()
    assert got == [0, 1, 2]


async def test_a_slow_reader_holds_the_writer_back(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    telemetry.watching = writer = Writer(400, size=LARGE)
    with calling():
        items = aiter(stub.WatchDecisions(WatchDecisionsRequest()))
        assert number_of(await anext(items)) == 0
        # Answers on the same connection are the clock here: a writer that nothing held back would be through by then.
        for _ in range(200):
            await stub.Forget(ForgetRequest(session_id="s"))
        # gRPC widens its window as far as the machine lets it: 17 to 72 items were seen in flight, of 400.
        assert writer.written <= 200
        got = [number_of(response) async for response in items]
    assert got == list(range(1, 400))
    assert writer.written == 400


async def test_a_deadline_ends_a_stream_in_the_middle(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    telemetry.watching = writer = Writer(2, waits=True)
    got: list[int] = []
    with calling(), pytest.raises(AioRpcError) as caught:
        await read(stub.WatchDecisions(WatchDecisionsRequest(), timeout=0.1), got)
    assert got == [0, 1]
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason_of(caught.value) == "REASON_DEADLINE_EXCEEDED"
    await writer.end()


async def test_a_deadline_ends_a_writer_that_never_waits(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    telemetry.watching = writer = Writer(1_000_000_000)
    with calling(seconds=0.1), pytest.raises(AioRpcError) as caught:
        await read(stub.WatchDecisions(WatchDecisionsRequest()), [])
    assert reason_of(caught.value) == "REASON_DEADLINE_EXCEEDED"
    await writer.end()


async def test_a_stream_without_a_deadline_has_none_of_ours(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    telemetry.watching = Writer(1)
    with calling(seconds=None):
        await read(stub.WatchDecisions(WatchDecisionsRequest()), [])
    left = telemetry.calls[0].remaining()
    assert left is None or left > 3000


async def test_the_call_is_present_while_an_item_is_made_and_the_readers_own_between(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    telemetry.watching = writer = Writer(3)
    with calling("other") as mine:
        async for _ in stub.WatchDecisions(WatchDecisionsRequest()):
            assert current_call.get() is mine
        assert current_call.get() is mine
    (call,) = telemetry.calls
    assert (call.workspace_id, call.method, call.traceparent) == ("other", PATH, TRACEPARENT)
    assert writer.present == [call] * 4


async def test_the_call_is_present_while_a_stream_is_cleaned_up(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    telemetry.watching = writer = Writer(1_000_000)
    with calling():
        await read(stub.WatchDecisions(WatchDecisionsRequest()), [], 1)
        await writer.end()
    assert writer.present[-1] is telemetry.calls[0]
