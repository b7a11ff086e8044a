"""What a caller and a servicer may rely on in a call with one answer, however the service is carried."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc.aio import AioRpcError

from chassis.calls import DEFAULT_SECONDS, CallContext, current_call
from chassis.faults import Fault, Internal, InvalidArgument, StoreUnavailable, reason_of
from spark.fault.v1 import reason_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1.telemetry_pb2 import ListDecisionsRequest, ListDecisionsResponse
from tests.contract.carried import TRACEPARENT, Refusal, Telemetry, calling, refusal

if TYPE_CHECKING:
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

PATH = "/spark.telemetry.v1.TelemetryService/ListDecisions"


def faults(root: type[Fault] = Fault) -> Iterator[type[Fault]]:
    for fault in root.__subclasses__():
        yield fault
        yield from faults(fault)


def decisions(*tools: str) -> ListDecisionsResponse:
    return ListDecisionsResponse(decisions=[router_pb2.AdviceDecided(tool=tool) for tool in tools])


async def test_an_answer_reaches_the_caller(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    async def listing(request: ListDecisionsRequest, _: CallContext) -> ListDecisionsResponse:
        return decisions(request.session_id, request.project_id)

    telemetry.listing = listing
    with calling():
        answer = await stub.ListDecisions(ListDecisionsRequest(session_id="s", project_id="p"))
    assert answer == decisions("s", "p")


async def test_neither_side_sees_what_the_other_does_to_its_message(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    kept = decisions("kept")
    received: list[ListDecisionsRequest] = []

    async def listing(request: ListDecisionsRequest, _: CallContext) -> ListDecisionsResponse:
        received.append(request)
        request.session_id = "changed by the callee"
        return kept

    telemetry.listing = listing
    sent = ListDecisionsRequest(session_id="sent")
    with calling():
        answer = await stub.ListDecisions(sent)
    assert sent.session_id == "sent"
    sent.session_id = "changed by the caller"
    assert received[0].session_id == "changed by the callee"
    answer.decisions[0].tool = "changed by the caller"
    assert kept == decisions("kept")


async def test_a_request_that_breaks_the_contract_never_reaches_the_servicer(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    with calling(), pytest.raises(AioRpcError) as caught:
        await stub.ListDecisions(ListDecisionsRequest(session_id="s" * 201, page_size=501))
    seen = refusal(caught.value)
    assert (seen.code, seen.reason, seen.domain) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "REASON_INVALID_ARGUMENT",
        "spark",
    )
    assert {name for name, _ in seen.fields} == {"session_id", "page_size"}
    assert all(description for _, description in seen.fields)
    assert telemetry.calls == []


@pytest.mark.parametrize("kind", list(faults()), ids=lambda kind: kind.__name__)
async def test_a_fault_is_the_same_everywhere(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry, kind: type[Fault]
) -> None:
    text = "what went wrong: 100 %, “quoted”\nand a second line"
    if kind is InvalidArgument:
        fault = InvalidArgument(text, [("moment.call.tool", "too long"), ("limit", "too high")])
    else:
        fault = kind(text, kind="lesson", id="ü 1")

    async def listing(_: ListDecisionsRequest, __: CallContext) -> ListDecisionsResponse:
        raise fault

    telemetry.listing = listing
    with calling(), pytest.raises(AioRpcError) as caught:
        await stub.ListDecisions(ListDecisionsRequest())
    assert refusal(caught.value) == Refusal(
        fault.status,
        text,
        reason_pb2.Reason.Name(fault.reason),
        "spark",
        fault.metadata,
        fault.violations if isinstance(fault, InvalidArgument) else (),
    )
    assert reason_of(caught.value) == reason_pb2.Reason.Name(fault.reason)


async def test_the_text_of_an_unexpected_exception_stays_in_the_log(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    async def listing(_: ListDecisionsRequest, __: CallContext) -> ListDecisionsResponse:
        raise ValueError("password=hunter2")

    telemetry.listing = listing
    with calling(), pytest.raises(AioRpcError) as caught, caplog.at_level(logging.ERROR):
        await stub.ListDecisions(ListDecisionsRequest())
    seen = refusal(caught.value)
    assert (seen.code, seen.reason) == (grpc.StatusCode.INTERNAL, "REASON_INTERNAL")
    assert seen.metadata == {"trace_id": TRACEPARENT.split("-")[1]}
    assert "hunter2" not in repr((seen, caught.value.trailing_metadata(), caught.value.debug_error_string()))
    assert [record.message for record in caplog.records if record.exc_info] == ["call failed"]
    assert "hunter2" in caplog.text


@pytest.mark.parametrize(
    ("given", "timeout", "expected"),
    [
        (8.0, None, 8.0),
        (8.0, 2.0, 2.0),
        (2.0, 8.0, 2.0),
        (None, 2.0, 2.0),
        (None, None, DEFAULT_SECONDS),
    ],
)
async def test_the_earlier_deadline_travels_on(
    stub: TelemetryServiceAsyncStub,
    telemetry: Telemetry,
    given: float | None,
    timeout: float | None,
    expected: float,
) -> None:
    seen: list[float | None] = []

    async def listing(_: ListDecisionsRequest, call: CallContext) -> ListDecisionsResponse:
        seen.append(call.remaining())
        return ListDecisionsResponse()

    telemetry.listing = listing
    with calling(seconds=given):
        await stub.ListDecisions(ListDecisionsRequest(), timeout=timeout)
    assert seen[0] is not None
    # On the wire it is rounded up to what fits the header.
    assert expected - 1.0 < seen[0] < expected + 0.1


async def test_a_call_that_takes_too_long_is_ended_on_both_sides(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    ended = asyncio.Event()

    async def listing(_: ListDecisionsRequest, __: CallContext) -> ListDecisionsResponse:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ListDecisionsResponse()

    telemetry.listing = listing
    with calling(), pytest.raises(AioRpcError) as caught:
        await stub.ListDecisions(ListDecisionsRequest(), timeout=0.05)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason_of(caught.value) == "REASON_DEADLINE_EXCEEDED"
    async with asyncio.timeout(5):
        await ended.wait()


async def test_a_call_whose_time_is_over_already_is_not_begun(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    with calling(seconds=-1.0), pytest.raises(AioRpcError) as caught:
        await stub.ListDecisions(ListDecisionsRequest())
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason_of(caught.value) == "REASON_DEADLINE_EXCEEDED"
    assert telemetry.calls == []


async def test_a_caller_that_gives_up_ends_the_callee(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def listing(_: ListDecisionsRequest, __: CallContext) -> ListDecisionsResponse:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ListDecisionsResponse()

    telemetry.listing = listing
    with calling():
        task = asyncio.ensure_future(stub.ListDecisions(ListDecisionsRequest()))
    async with asyncio.timeout(5):
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await ended.wait()


@pytest.mark.parametrize("workspace", ["local", "other"])
async def test_the_callee_knows_for_whom_it_works(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry, workspace: str
) -> None:
    with calling(workspace):
        await stub.ListDecisions(ListDecisionsRequest())
    (call,) = telemetry.calls
    assert (call.workspace_id, call.method, call.traceparent) == (workspace, PATH, TRACEPARENT)


async def test_the_call_is_present_in_the_callee_and_the_callers_own_afterwards(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    present: list[CallContext | None] = []

    async def listing(_: ListDecisionsRequest, __: CallContext) -> ListDecisionsResponse:
        present.append(current_call.get())
        return ListDecisionsResponse()

    telemetry.listing = listing
    with calling() as mine:
        await stub.ListDecisions(ListDecisionsRequest())
        assert current_call.get() is mine
    assert present == telemetry.calls


async def test_calls_made_while_serving_carry_the_same_identity_onward(
    stub: TelemetryServiceAsyncStub, telemetry: Telemetry
) -> None:
    async def listing(request: ListDecisionsRequest, _: CallContext) -> ListDecisionsResponse:
        depth = request.page_size
        return await stub.ListDecisions(ListDecisionsRequest(page_size=depth - 1)) if depth else decisions("deepest")

    telemetry.listing = listing
    with calling("other", 3.0):
        answer = await stub.ListDecisions(ListDecisionsRequest(page_size=3))
    assert answer == decisions("deepest")
    assert {(call.workspace_id, call.traceparent) for call in telemetry.calls} == {("other", TRACEPARENT)}
    left = [call.deadline for call in telemetry.calls]
    assert len(left) == 4
    assert None not in left


async def test_without_a_call_nothing_goes_out(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    with pytest.raises(Internal, match="identity"):
        await stub.ListDecisions(ListDecisionsRequest())
    assert telemetry.calls == []


async def test_a_large_answer_arrives(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    large = decisions("t" * (12 << 20))

    async def listing(_: ListDecisionsRequest, __: CallContext) -> ListDecisionsResponse:
        return large

    telemetry.listing = listing
    with calling():
        assert await stub.ListDecisions(ListDecisionsRequest()) == large


async def test_calls_at_the_same_time_do_not_mix(stub: TelemetryServiceAsyncStub, telemetry: Telemetry) -> None:
    all_here = asyncio.Barrier(32)

    async def listing(request: ListDecisionsRequest, call: CallContext) -> ListDecisionsResponse:
        await all_here.wait()
        if request.page_size % 4 == 0:
            raise StoreUnavailable(request.session_id)
        return decisions(request.session_id, call.workspace_id, getattr(current_call.get(), "workspace_id", ""))

    async def one(number: int) -> tuple[str, ...]:
        workspace = "local" if number % 2 else "other"
        with calling(workspace):
            try:
                answer = await stub.ListDecisions(ListDecisionsRequest(session_id=str(number), page_size=number))
            except AioRpcError as error:
                return (error.details() or "",)
        return tuple(decided.tool for decided in answer.decisions)

    telemetry.listing = listing
    answers = await asyncio.gather(*(one(number) for number in range(32)))
    for number, answer in enumerate(answers):
        workspace = "local" if number % 2 else "other"
        assert answer == ((str(number),) if number % 4 == 0 else (str(number), workspace, workspace))
