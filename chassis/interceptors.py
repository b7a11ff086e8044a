"""The interceptors that every call passes: counted, traced in the log, held to its contract."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import cache, partial
from types import TracebackType

from google.protobuf.message import Message
from grpc.aio import AioRpcError
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram

from chassis.calls import CallContext
from chassis.chain import Interceptor
from chassis.fault_reports import FaultReports
from chassis.faults import Fault, InvalidArgument, received
from chassis.spans import finish
from chassis.tracing import context_of, exporting, traceparent_of
from chassis.validation import broken_rules
from spark.fault.v1 import reason_pb2

CALLS = Counter("spark_rpc_calls", "Calls by method and reason of failure", ["method", "reason"])
SECONDS = Histogram(
    "spark_rpc_seconds",
    "Time of a call",
    ["method"],
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)

_tracer = trace.get_tracer("spark")

# Methods and reasons are the contract's own, so few; finding the child by its labels costs more than counting.
seconds_of = cache(SECONDS.labels)
calls_of = cache(CALLS.labels)


CALLERS_OWN = frozenset(
    {
        reason_pb2.REASON_INVALID_ARGUMENT,
        reason_pb2.REASON_UNAUTHENTICATED,
        reason_pb2.REASON_FORBIDDEN,
        reason_pb2.REASON_NOT_FOUND,
        reason_pb2.REASON_UNKNOWN_CLIENT,
        reason_pb2.REASON_CANCELLED,
        reason_pb2.REASON_UNSUPPORTED,
    }
)
"""Why a call fails without anything here being wrong."""


class counted:
    """Counts a call and its time, and reports what went wrong."""

    __slots__ = ("_call", "_faults", "_started")

    def __init__(self, call: CallContext, request: Message, faults: FaultReports | None = None) -> None:
        self._call = call
        self._faults = faults

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        method = self._call.method
        seconds_of(method).observe(time.perf_counter() - self._started)
        calls_of(method, reason_name(error)).inc()
        if error is not None and self._faults is not None:
            reason = reason_of(error)
            if reason not in CALLERS_OWN:
                word = reason_pb2.Reason.Name(reason).removeprefix("REASON_").lower()
                self._faults.note(method, word, self._call.workspace_id, self._call.traceparent)


class traced:
    """Opens a span, within which the call goes on; only for processes that export traces."""

    __slots__ = ("_call", "_span")

    def __init__(self, call: CallContext, request: Message) -> None:
        self._call = call

    def __enter__(self) -> CallContext | None:
        context = context_of(self._call.traceparent)
        self._span = _tracer.start_span(self._call.method, context=context, kind=SpanKind.SERVER)
        within = traceparent_of(self._span)
        return self._call.traced(within) if within else None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        finish(self._span, reason_name(error) if error is not None else "")


class validated:
    """Refuses a request that breaks its contract, naming every field."""

    __slots__ = ("_request",)

    def __init__(self, call: CallContext, request: Message) -> None:
        self._request = request

    def __enter__(self) -> None:
        if broken := broken_rules(self._request):
            raise InvalidArgument(f"the request breaks its contract: {broken[0][0]}: {broken[0][1]}", broken)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        return None


def reason_name(error: BaseException | None) -> str:
    """The contract's reason of an exception, `OK` without one."""
    if error is None:
        return "OK"
    if isinstance(error, Fault):
        return reason_pb2.Reason.Name(error.reason).removeprefix("REASON_")
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "CANCELLED"
    return "DEADLINE_EXCEEDED" if isinstance(error, TimeoutError) else type(error).__name__


def reason_of(error: BaseException) -> reason_pb2.Reason.ValueType:
    """The contract's reason that a caller sees of an exception."""
    if isinstance(error, AioRpcError):
        error = received(error)
    if isinstance(error, Fault):
        return error.reason
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return reason_pb2.REASON_CANCELLED
    return reason_pb2.REASON_DEADLINE_EXCEEDED if isinstance(error, TimeoutError) else reason_pb2.REASON_INTERNAL


STANDARD = (counted, traced, validated)


def standard(faults: FaultReports | None = None) -> Sequence[Interceptor]:
    """The interceptors of this process: spans are opened only where they are exported, and what goes wrong in a call is
    noted where `faults` are given."""
    counting = counted if faults is None else partial(counted, faults=faults)
    return (counting, traced, validated) if exporting() else (counting, validated)
