"""What a service refuses with, in HTTP's words."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from chassis.door import error_body
from chassis.faults import Fault
from spark.fault.v1 import reason_pb2

STATUSES: Mapping[int, int] = {
    reason_pb2.REASON_NOT_FOUND: 404,
    reason_pb2.REASON_INVALID_ARGUMENT: 400,
    reason_pb2.REASON_INTERNAL: 500,
    reason_pb2.REASON_OVERLOADED: 429,
    reason_pb2.REASON_BUDGET_EXHAUSTED: 429,
    reason_pb2.REASON_UNSUPPORTED: 501,
    reason_pb2.REASON_DEADLINE_EXCEEDED: 504,
}
"""503 for all else, which is something that is away."""


def error(status: int, reason: str, message: str) -> Response:
    """An error as JSON."""
    return Response(error_body(reason, message), status_code=status, media_type="application/json")


def explained(fault: Fault, more: str = "") -> Response:
    """A service's fault as an error; `more` says what to do about it."""
    name = reason_pb2.Reason.Name(fault.reason).removeprefix("REASON_")
    return error(STATUSES.get(fault.reason, 503), name, f"{fault.message}{more}")
