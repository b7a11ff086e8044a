"""Faults: each has a reason of its own, each reason a status, and the metrics call them by the contract's name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import grpc
import pytest
from grpc.aio import AioRpcError, Metadata
from prometheus_client import REGISTRY

from chassis.calls import CallContext
from chassis.chain import Chain
from chassis.faults import STATUS, Fault, NotFound, reason_of
from chassis.interceptors import STANDARD, reason_name
from spark.fault.v1 import reason_pb2
from spark.telemetry.v1.telemetry_pb2 import ForgetRequest, ForgetResponse


def faults(root: type[Fault] = Fault) -> Iterator[type[Fault]]:
    for fault in root.__subclasses__():
        yield fault
        yield from faults(fault)


def test_every_reason_of_the_contract_has_a_status() -> None:
    assert set(STATUS) == set(reason_pb2.Reason.values())
    assert grpc.StatusCode.OK not in STATUS.values()


def test_no_two_faults_share_a_reason() -> None:
    reasons = [fault.reason for fault in faults()]
    assert len(reasons) == len(set(reasons))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, "REASON_SERVICE_UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "REASON_DEADLINE_EXCEEDED"),
        (grpc.StatusCode.CANCELLED, "REASON_CANCELLED"),
        (grpc.StatusCode.UNKNOWN, ""),
        (grpc.StatusCode.UNIMPLEMENTED, ""),
    ],
)
def test_what_grpc_itself_says_has_a_reason_where_the_contract_has_one(code: grpc.StatusCode, reason: str) -> None:
    assert reason_of(AioRpcError(code, Metadata(), Metadata())) == reason


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (None, "OK"),
        (NotFound("x"), "NOT_FOUND"),
        (TimeoutError(), "DEADLINE_EXCEEDED"),
        (asyncio.CancelledError(), "CANCELLED"),
        (GeneratorExit(), "CANCELLED"),
        (ValueError("x"), "ValueError"),
    ],
)
def test_an_exception_has_a_short_name_for_metrics(error: BaseException | None, name: str) -> None:
    assert reason_name(error) == name


@pytest.mark.parametrize(
    ("request_", "error", "reason"),
    [
        (ForgetRequest(session_id="s"), None, "OK"),
        (ForgetRequest(session_id="s"), NotFound("x"), "NOT_FOUND"),
        (ForgetRequest(), None, "INVALID_ARGUMENT"),
    ],
)
async def test_every_call_is_counted_with_its_reason(request_: ForgetRequest, error: Fault | None, reason: str) -> None:
    call = CallContext(f"/counted/{reason}", "local")

    async def handler(_: ForgetRequest, __: CallContext) -> ForgetResponse:
        if error is not None:
            raise error
        return ForgetResponse()

    def counted() -> tuple[float, float]:
        calls = REGISTRY.get_sample_value("spark_rpc_calls_total", {"method": call.method, "reason": reason})
        timed = REGISTRY.get_sample_value("spark_rpc_seconds_count", {"method": call.method})
        return calls or 0.0, timed or 0.0

    before = counted()
    with suppress(Fault):
        await Chain(STANDARD).unary(handler, request_, call)
    assert counted() == (before[0] + 1, before[1] + 1)
