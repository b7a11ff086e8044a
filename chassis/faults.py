"""What can go wrong, as types; the contract's reason decides the status that a caller sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from spark.fault.v1 import reason_pb2

DOMAIN: Final = "spark"

STATUS: Final[Mapping[int, grpc.StatusCode]] = {
    reason_pb2.REASON_UNSPECIFIED: grpc.StatusCode.UNKNOWN,
    reason_pb2.REASON_INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    reason_pb2.REASON_UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    reason_pb2.REASON_FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    reason_pb2.REASON_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    reason_pb2.REASON_DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    reason_pb2.REASON_STORE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    reason_pb2.REASON_BUS_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    reason_pb2.REASON_UNKNOWN_CLIENT: grpc.StatusCode.NOT_FOUND,
    reason_pb2.REASON_INTERNAL: grpc.StatusCode.INTERNAL,
    reason_pb2.REASON_SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    reason_pb2.REASON_CANCELLED: grpc.StatusCode.CANCELLED,
    reason_pb2.REASON_OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    reason_pb2.REASON_BUDGET_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    reason_pb2.REASON_ENGINE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    reason_pb2.REASON_UNSUPPORTED: grpc.StatusCode.UNIMPLEMENTED,
}


class Fault(Exception):
    """A refusal with a reason from the contract; its message is safe to show to the caller."""

    reason: reason_pb2.Reason.ValueType = reason_pb2.REASON_INTERNAL

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata

    @property
    def status(self) -> grpc.StatusCode:
        """The gRPC status that belongs to the reason."""
        return STATUS[self.reason]


class InvalidArgument(Fault):
    """The request breaks the contract. `violations` pairs a field's path with what is wrong with it."""

    reason = reason_pb2.REASON_INVALID_ARGUMENT

    def __init__(self, message: str, violations: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.violations = tuple(violations)


class Unauthenticated(Fault):
    """No token, or an unknown one."""

    reason = reason_pb2.REASON_UNAUTHENTICATED


class NotFound(Fault):
    """The thing named is not there."""

    reason = reason_pb2.REASON_NOT_FOUND


class DeadlineExceeded(Fault):
    """The deadline passed first."""

    reason = reason_pb2.REASON_DEADLINE_EXCEEDED


class StoreUnavailable(Fault):
    """Postgres cannot be reached or cannot write."""

    reason = reason_pb2.REASON_STORE_UNAVAILABLE


class BusUnavailable(Fault):
    """NATS cannot be reached or cannot store."""

    reason = reason_pb2.REASON_BUS_UNAVAILABLE


class UnknownClient(Fault):
    """There is no adapter for this client."""

    reason = reason_pb2.REASON_UNKNOWN_CLIENT


class ServiceUnavailable(Fault):
    """The service is not carried by this system, or not up yet."""

    reason = reason_pb2.REASON_SERVICE_UNAVAILABLE


class Overloaded(Fault):
    """All that may run or wait does already."""

    reason = reason_pb2.REASON_OVERLOADED


class BudgetExhausted(Fault):
    """The day's budget for hosted engines is spent."""

    reason = reason_pb2.REASON_BUDGET_EXHAUSTED


class EngineUnavailable(Fault):
    """No engine that could serve is ready, or the one that was asked broke."""

    reason = reason_pb2.REASON_ENGINE_UNAVAILABLE


class Unsupported(Fault):
    """No engine here honours what was asked for."""

    reason = reason_pb2.REASON_UNSUPPORTED


class Internal(Fault):
    """A fault of ours; the text of the exception stays in the log."""

    reason = reason_pb2.REASON_INTERNAL


def received(error: grpc.aio.AioRpcError) -> Fault:
    """A callee's error as the fault that its caller passes on, with the reason that it came with."""
    fault = Fault(error.details() or error.code().name)
    name = reason_of(error)
    known = {STATUS[number]: number for number in reversed(STATUS)}
    number = reason_pb2.Reason.Value(name) if name in reason_pb2.Reason.keys() else known.get(error.code())  # noqa: SIM118
    fault.reason = reason_pb2.REASON_INTERNAL if number is None else reason_pb2.Reason.ValueType(number)
    return fault


def rich_status(fault: Fault) -> bytes:
    """google.rpc.Status of a fault, serialised for the `grpc-status-details-bin` trailer."""
    details: list[AnyMessage] = []
    info = error_details_pb2.ErrorInfo(
        reason=reason_pb2.Reason.Name(fault.reason), domain=DOMAIN, metadata=fault.metadata
    )
    packed = AnyMessage()
    packed.Pack(info)
    details.append(packed)
    if isinstance(fault, InvalidArgument) and fault.violations:
        bad = error_details_pb2.BadRequest()
        for field, description in fault.violations:
            bad.field_violations.add(field=field, description=description)
        packed = AnyMessage()
        packed.Pack(bad)
        details.append(packed)
    code: int = fault.status.value[0]
    return status_pb2.Status(code=code, message=fault.message, details=details).SerializeToString()


OWN_WORDS: Final[Mapping[grpc.StatusCode, reason_pb2.Reason.ValueType]] = {
    grpc.StatusCode.CANCELLED: reason_pb2.REASON_CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED: reason_pb2.REASON_DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAVAILABLE: reason_pb2.REASON_SERVICE_UNAVAILABLE,
}
"""What gRPC itself says, on the caller's side, of a call that no server has answered."""


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The contract's reason in an error received, or an empty text when it carries none."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            data = value if isinstance(value, bytes) else value.encode("latin-1")
            for detail in status_pb2.Status.FromString(data).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return info.reason
    known = OWN_WORDS.get(error.code())
    return "" if known is None else reason_pb2.Reason.Name(known)
