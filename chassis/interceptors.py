"""The interceptors that every call passes: counted, traced in the log, held to its contract."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import cache
from types import TracebackType

from google.protobuf.message import Message
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import Counter, Histogram
from protovalidate import Validator

from chassis.calls import CallContext
from chassis.chain import Interceptor
from chassis.faults import Fault, InvalidArgument
from chassis.tracing import context_of, exporting
from spark.fault.v1 import reason_pb2

CALLS = Counter("spark_rpc_calls", "Calls by method and reason of failure", ["method", "reason"])
SECONDS = Histogram(
    "spark_rpc_seconds",
    "Time of a call",
    ["method"],
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)

_validator = Validator()
_tracer = trace.get_tracer("spark")

# Methods and reasons are the contract's own, so few; finding the child by its labels costs more than counting.
seconds_of = cache(SECONDS.labels)
calls_of = cache(CALLS.labels)


class counted:
    """Counts a call and its time."""

    __slots__ = ("_call", "_started")

    def __init__(self, call: CallContext, request: Message) -> None:
        self._call = call

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        method = self._call.method
        seconds_of(method).observe(time.perf_counter() - self._started)
        calls_of(method, reason_name(error)).inc()


class traced:
    """Opens a span where traces are exported; costs nothing elsewhere."""

    __slots__ = ("_call", "_span")

    def __init__(self, call: CallContext, request: Message) -> None:
        self._call = call

    def __enter__(self) -> None:
        context = context_of(self._call.traceparent)
        self._span = _tracer.start_span(self._call.method, context=context, kind=SpanKind.SERVER)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, reason_name(error)))
        self._span.end()


class validated:
    """Refuses a request that breaks its contract, naming every field."""

    __slots__ = ("_request",)

    def __init__(self, call: CallContext, request: Message) -> None:
        self._request = request

    def __enter__(self) -> None:
        broken = _validator.collect_violations(self._request)
        if broken:
            fields = [(field_path(violation.proto), violation.proto.message) for violation in broken]
            first = f"{fields[0][0]}: {fields[0][1]}"
            raise InvalidArgument(f"the request breaks its contract: {first}", fields)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        return None


def field_path(violation: object) -> str:
    """Path of the field that a violation is about, `hooks[2].payload`; the message itself is an empty path."""
    field = getattr(violation, "field", None)
    elements = getattr(field, "elements", None) or ()
    steps = ((str(element.field_name), element.subscript) for element in elements)
    return ".".join(name if place is None else f"{name}[{place.value}]" for name, place in steps)


def reason_name(error: BaseException | None) -> str:
    """The contract's reason of an exception, `OK` without one."""
    if error is None:
        return "OK"
    if isinstance(error, Fault):
        return reason_pb2.Reason.Name(error.reason).removeprefix("REASON_")
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "CANCELLED"
    return "DEADLINE_EXCEEDED" if isinstance(error, TimeoutError) else type(error).__name__


STANDARD = (counted, traced, validated)


def standard() -> Sequence[Interceptor]:
    """The interceptors of this process: spans are opened only where they are exported."""
    return STANDARD if exporting() else (counted, validated)
