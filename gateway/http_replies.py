"""What endpoints reply with over HTTP, beside a client's own JSON: messages, and why something is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from chassis.door import error_body
from chassis.faults import Fault, Unauthenticated, UnknownClient
from gateway.body import Refused
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

REFUSALS: Final = (Unauthenticated, UnknownClient, Refused, ClientDisconnect)
"""What ends a request before a service is asked."""


def refusal(refused: Unauthenticated | UnknownClient | Refused | ClientDisconnect) -> Response:
    """One of `REFUSALS` as an error."""
    match refused:
        case Unauthenticated():
            return error(401, "UNAUTHENTICATED", refused.message)
        case UnknownClient():
            return error(404, "UNKNOWN_CLIENT", refused.message)
        case Refused():
            return error(refused.status, refused.reason, refused.message)
        case ClientDisconnect():
            return error(400, "INCOMPLETE", "the client went away before the end of its body")


def explained(fault: Fault, more: str = "") -> Response:
    """A service's fault as an error; `more` says what to do about it."""
    name = reason_pb2.Reason.Name(fault.reason).removeprefix("REASON_")
    return error(STATUSES.get(fault.reason, 503), name, f"{fault.message}{more}")


def error(status: int, reason: str, message: str) -> Response:
    """An error as JSON."""
    return Response(error_body(reason, message), status_code=status, media_type="application/json")


def answer(message: Message) -> Response:
    """A message as the whole reply."""
    return Response(as_json(message), media_type="application/json")


def as_json(message: Message) -> bytes:
    """A message as JSON on one line, with every field in it."""
    document = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return orjson.dumps(document)
