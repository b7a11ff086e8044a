"""Moments of gateways on other machines over HTTP: `POST /v1/hooks/moments`, in protobuf's own bytes, which go through
every proxy; and `GET`, by which such a gateway finds out whether it is welcome."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError
from grpc.aio import AioRpcError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.calls import current_call
from chassis.faults import received
from chassis.identity import Tokens
from gateway.body import READ_SECONDS, Refused, bounded_body
from gateway.caller import call_of
from gateway.http_replies import REFUSALS, explained, refusal
from spark.gateway.v1 import hooks_pb2

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

PATH = "/v1/hooks/moments"
MEDIA_TYPE = "application/x-protobuf"


class MomentsEndpoint:
    """The face on HTTP of HooksService.TakeMoments."""

    def __init__(self, hooks: HooksServiceAsyncStub, tokens: Tokens, version: str) -> None:
        self._hooks = hooks
        self._tokens = tokens
        self._version = version

    @property
    def routes(self) -> list[Route]:
        """The routes to serve it by; before those of hooks, which take any name in this place."""
        return [Route(PATH, self.post, methods=["POST"]), Route(PATH, self.get, methods=["GET"])]

    async def get(self, request: Request) -> Response:
        """Says that moments of other machines are taken from whoever has this token."""
        try:
            call_of(request, PATH, self._tokens)
        except REFUSALS as refused:
            return refusal(refused)
        return JSONResponse({"takes": "moments", "version": self._version})

    async def post(self, request: Request) -> Response:
        """Answers with what became of the moments of one hook."""
        try:
            token = current_call.set(call_of(request, PATH, self._tokens))
            try:
                taken = await self._hooks.TakeMoments(await moments_in(request))
            finally:
                current_call.reset(token)
        except REFUSALS as refused:
            return refusal(refused)
        except AioRpcError as failed:
            return explained(received(failed))
        return Response(taken.SerializeToString(), media_type=MEDIA_TYPE)


async def moments_in(request: Request) -> hooks_pb2.TakeMomentsRequest:
    """The request that a body is.

    Raises:
        Refused: 415 for another content type, 413 for more than 8 MiB, 408 for one that does not end, 400 for what is
            none.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"send {MEDIA_TYPE}")
    try:
        async with asyncio.timeout(READ_SECONDS):
            return hooks_pb2.TakeMomentsRequest.FromString(await bounded_body(request))
    except TimeoutError:
        raise Refused(408, "TOO_SLOW", f"the body did not end within {READ_SECONDS:.0f} s") from None
    except DecodeError:
        raise Refused(400, "INVALID_ARGUMENT", "the body is no spark.gateway.v1.TakeMomentsRequest") from None
