"""The hook endpoint over HTTP: `POST /v1/hooks/{client}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.calls import CallContext, current_call
from chassis.identity import Tokens
from chassis.spans import HOOK, spanned
from chassis.tracing import traceparent_or_new
from gateway.body import Refused, json_object
from gateway.caller import workspace_of
from gateway.hooks import Answer, Arrival, Hooks
from gateway.http_replies import REFUSALS, refusal
from gateway.redaction import redact_text
from gateway.times import time_in
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

ROUTES = {number: name.removeprefix("ROUTE_").lower().encode() for name, number in router_pb2.Route.items()}


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
            headers = {name: value.decode("latin-1") for name, value in request.scope["headers"]}
            workspace = workspace_of(request, self._tokens)
            with spanned(HOOK, SpanKind.SERVER, traceparent_or_new(headers.get(b"traceparent", ""))) as trace:
                arrival = self._arrival(request, headers, workspace, trace)
                payload = await json_object(request)
                token = current_call.set(CallContext(HOOK, workspace, trace))
                try:
                    answer = await self._hooks.handle(payload, arrival)
                finally:
                    current_call.reset(token)
        except REFUSALS as refused:
            return refusal(refused)
        return Reply(answer)

    def _arrival(self, request: Request, headers: Mapping[bytes, str], workspace: str, trace: str) -> Arrival:
        stamp = headers.get(b"spark-time") if self._believes_header else None
        project = headers.get(b"spark-project")
        return Arrival(
            workspace_id=workspace,
            client=request.path_params["client"],
            traceparent=trace,
            occurred_at=parse_time(stamp) if stamp else None,
            origin=moment_pb2.ORIGIN_REPLAY if stamp else moment_pb2.ORIGIN_LIVE,
            # Percent-encoded: a header carries no other letters than those of ASCII.
            project=redact_text(unquote(project)) if project else "",
        )


class Reply(Response):
    """A hook's reply, its headers written out: to build them from texts would cost as much as to read the hook."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = 200
        self.background = None
        self.body = answer.reply
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer.reply)),
            (b"spark-sequence", b"%d" % answer.sequence),
        ]
        if answer.decision is not None:
            self.raw_headers.append((b"spark-decision", answer.decision.decision_id.encode()))
            # A route of a newer router must cost a header, not the reply.
            self.raw_headers.append((b"spark-route", ROUTES.get(answer.decision.route, b"unknown")))


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
