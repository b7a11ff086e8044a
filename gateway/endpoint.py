"""The hook endpoint over HTTP: `POST /v1/hooks/{client}`."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.calls import CallContext, current_call
from chassis.door import error_body, through_socket
from chassis.faults import Unauthenticated, UnknownClient
from chassis.identity import LOCAL_WORKSPACE, Tokens
from chassis.tracing import traceparent_or_new
from gateway.body import Refused, json_object
from gateway.hooks import Arrival, Hooks
from gateway.redaction import redact_text
from gateway.times import time_in
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

METHOD = "POST /v1/hooks"


class HookEndpoint:
    """Answers hooks over HTTP. `believes_header` honours Spark-Time, for replays."""

    def __init__(self, hooks: Hooks, tokens: Tokens, *, believes_header: bool) -> None:
        self._hooks = hooks
        self._tokens = tokens
        self._believes_header = believes_header

    @property
    def routes(self) -> list[Route]:
        """The routes to serve it by."""
        return [Route("/v1/hooks/{client}", self.post, methods=["POST"])]

    async def post(self, request: Request) -> Response:
        """Answers one hook with the client's own JSON, or with an error that says what is wrong."""
        try:
            workspace = self._workspace(request)
            arrival = self._arrival(request, workspace)
            payload = await json_object(request)
            token = current_call.set(CallContext(METHOD, workspace, arrival.traceparent))
            try:
                answer = await self._hooks.handle(payload, arrival)
            finally:
                current_call.reset(token)
        except Unauthenticated as fault:
            return error(401, "UNAUTHENTICATED", fault.message)
        except UnknownClient as fault:
            return error(404, "UNKNOWN_CLIENT", fault.message)
        except Refused as refused:
            return error(refused.status, refused.reason, refused.message)
        except ClientDisconnect:
            return error(400, "INCOMPLETE", "the client went away before the end of its body")
        headers = {"spark-sequence": str(answer.sequence)}
        if answer.decision is not None:
            headers["spark-decision"] = answer.decision.decision_id
            headers["spark-route"] = router_pb2.Route.Name(answer.decision.route).removeprefix("ROUTE_").lower()
        return Response(answer.reply, media_type="application/json", headers=headers)

    def _workspace(self, request: Request) -> str:
        if through_socket(request.scope) and "authorization" not in request.headers:
            return LOCAL_WORKSPACE
        return self._tokens.workspace(request.headers.get("authorization"))

    def _arrival(self, request: Request, workspace: str) -> Arrival:
        stamp = request.headers.get("spark-time") if self._believes_header else None
        return Arrival(
            workspace_id=workspace,
            client=request.path_params["client"],
            traceparent=traceparent_or_new(request.headers.get("traceparent", "")),
            occurred_at=parse_time(stamp) if stamp else None,
            origin=moment_pb2.ORIGIN_REPLAY if stamp else moment_pb2.ORIGIN_LIVE,
            # Percent-encoded: a header carries no other letters than those of ASCII.
            project=redact_text(unquote(request.headers.get("spark-project", ""))),
        )


def parse_time(stamp: str) -> datetime:
    """The time of a Spark-Time header, in UTC.

    Raises:
        Refused: 400 when it is none.
    """
    try:
        return time_in(stamp)
    except ValueError:
        message = "Spark-Time must be an RFC 3339 time with an offset, between 1970 and 2199"
        raise Refused(400, "INVALID_TIME", message) from None


def error(status: int, reason: str, message: str) -> Response:
    """An error as JSON."""
    return Response(error_body(reason, message), status_code=status, media_type="application/json")
