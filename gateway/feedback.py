"""A user's word on advice over HTTP: `POST /v1/feedback`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson
from google.protobuf.json_format import MessageToDict
from grpc.aio import AioRpcError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.calls import CallContext, current_call
from chassis.faults import Unauthenticated, received
from chassis.identity import Tokens
from chassis.tracing import traceparent_or_new
from gateway.body import Refused, json_object
from gateway.endpoint import workspace_of
from gateway.fault_replies import error, explained
from spark.fault.v1 import reason_pb2
from spark.packets.v1 import advice_pb2

if TYPE_CHECKING:
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub

METHOD = "POST /v1/feedback"

VERDICTS: Mapping[str, advice_pb2.Verdict.ValueType] = {
    "helpful": advice_pb2.VERDICT_HELPFUL,
    "not-helpful": advice_pb2.VERDICT_NOT_HELPFUL,
    "too-noisy": advice_pb2.VERDICT_TOO_NOISY,
}

WHERE_TO_LOOK = "`spark explain` shows what was said lately, each piece with its id"

SECONDS = 5.0


class FeedbackEndpoint:
    """Takes feedback over HTTP."""

    def __init__(self, packets: PacketsServiceAsyncStub, tokens: Tokens) -> None:
        self._packets = packets
        self._tokens = tokens

    @property
    def routes(self) -> list[Route]:
        """The routes to serve it by."""
        return [Route("/v1/feedback", self.post, methods=["POST"])]

    async def post(self, request: Request) -> Response:
        """Answers with the advice as it stands now, or with an error that says what is wrong."""
        try:
            workspace = workspace_of(request, self._tokens)
            wanted = feedback_in(await json_object(request))
            trace = traceparent_or_new(request.headers.get("traceparent", ""))
            token = current_call.set(CallContext(METHOD, workspace, trace))
            try:
                answer = await self._packets.GiveFeedback(wanted, timeout=SECONDS)
            finally:
                current_call.reset(token)
        except Unauthenticated as fault:
            return error(401, "UNAUTHENTICATED", fault.message)
        except Refused as refused:
            return error(refused.status, refused.reason, refused.message)
        except ClientDisconnect:
            return error(400, "INCOMPLETE", "the client went away before the end of its body")
        except AioRpcError as failed:
            fault = received(failed)
            return explained(fault, f"; {WHERE_TO_LOOK}" if fault.reason == reason_pb2.REASON_NOT_FOUND else "")
        document = MessageToDict(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        return Response(orjson.dumps(document), media_type="application/json")


def feedback_in(body: Mapping[str, object]) -> advice_pb2.GiveFeedbackRequest:
    """What a body asks for.

    Raises:
        Refused: 400 when it lacks an id or a word that is known.
    """
    advice_id, verdict = body.get("advice_id"), body.get("verdict")
    if not isinstance(advice_id, str) or not 4 <= len(advice_id) <= 40:
        message = (
            f"advice_id must be the id of a piece of advice, or at least 4 letters of its beginning; {WHERE_TO_LOOK}"
        )
        raise Refused(400, "INVALID_ARGUMENT", message)
    if not isinstance(verdict, str) or verdict not in VERDICTS:
        raise Refused(400, "INVALID_ARGUMENT", f"verdict must be one of {', '.join(VERDICTS)}")
    return advice_pb2.GiveFeedbackRequest(advice_id=advice_id, verdict=VERDICTS[verdict])
