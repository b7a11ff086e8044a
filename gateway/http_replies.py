"""What endpoints reply with over HTTP, beside a client's own JSON: messages, and why something is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from grpc.aio import AioRpcError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from chassis.calls import current_call
from chassis.door import error_body
from chassis.faults import Fault, Unauthenticated, UnknownClient, received
from chassis.identity import Tokens
from gateway.body import Refused
from gateway.caller import call_of
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


async def answered(
    request: Request, path: str, tokens: Tokens, ask: Callable[[], Awaitable[Message]], *, not_found: str = ""
) -> Response:
    """The reply to a request that one call of a service answers. `ask` makes that call, as the request's own, and may
    refuse first; `not_found` says what to do where there is no such thing."""
    try:
        token = current_call.set(call_of(request, path, tokens))
        try:
            return answer(await ask())
        finally:
            current_call.reset(token)
    except REFUSALS as refused:
        return refusal(refused)
    except AioRpcError as failed:
        fault = received(failed)
        return explained(fault, not_found if fault.reason == reason_pb2.REASON_NOT_FOUND else "")


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
