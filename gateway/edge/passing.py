"""What a machine passes on to the Spark that others share: feedback and conversations, cleaned of secrets. Whoever
wants pages is sent there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from chassis.calls import CallContext
from chassis.identity import Tokens
from gateway import chat, feedback
from gateway.body import json_object
from gateway.caller import call_of
from gateway.cleaning import cleaned
from gateway.edge.link import Link
from gateway.http_replies import REFUSALS, error, refusal

PASSED = (feedback.PATH, chat.PATH, f"{chat.PATH}/stream", f"{chat.PATH}/rating")
ANSWER_S = 120.0
"""A model may think for long before its first word, and between two."""
LEFT = 499
"""What is counted where nobody is there any more to be answered."""


class Passing:
    """Passes requests of this machine on, with the token that is known there."""

    def __init__(self, link: Link, tokens: Tokens) -> None:
        self._link = link
        self._tokens = tokens

    @property
    def routes(self) -> list[Route]:
        """The routes to serve it by."""
        passed = [Route(path, self.pass_on, methods=["GET", "POST"]) for path in PASSED]
        return [*passed, Route("/", self.send_there, methods=["GET"])]

    async def send_there(self, _: Request) -> Response:
        """Pages are shown where they are made."""
        return RedirectResponse(self._link.url, status_code=307)

    async def pass_on(self, request: Request) -> Response:
        """The reply that comes from there, as it comes."""
        try:
            call = call_of(request, request.url.path, self._tokens)
            onward = await self._onward(request, call)
        except REFUSALS as refused:
            return refusal(refused)
        asking = asyncio.create_task(self._link.client.send(onward, stream=True))
        leaving = asyncio.create_task(chat.gone(request.receive))
        try:
            await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                return Response(status_code=LEFT)
            reply = await asking
        except asyncio.CancelledError:
            # Only a listener that ends cancels a request. Raised on, it would be logged as a fault of the application.
            return error(503, "UNAVAILABLE", "this machine is being disconnected")
        except (httpx.HTTPError, OSError) as failed:
            return error(503, "UNAVAILABLE", f"{self._link.url}: {failed or type(failed).__name__}")
        finally:
            for each in (asking, leaving):
                each.cancel()
        headers = {"content-type": reply.headers.get("content-type", "application/json")}
        return StreamingResponse(pieces_of(reply), reply.status_code, headers)

    async def _onward(self, request: Request, call: CallContext) -> httpx.Request:
        """The request that goes on.

        Raises:
            Refused: when its body is no JSON object, or too large.
        """
        body = None
        if request.method == "POST":
            said = await json_object(request)
            body = {name: cleaned(value) if isinstance(value, str) else value for name, value in said.items()}
        return self._link.client.build_request(
            request.method,
            request.url.path,
            params=request.url.query or None,
            content=None if body is None else orjson.dumps(body),
            headers={"traceparent": call.traceparent, "content-type": "application/json"},
            timeout=ANSWER_S,
        )


async def pieces_of(reply: httpx.Response) -> AsyncGenerator[bytes]:
    """A reply's body as it comes; whoever goes away ends it there too. One that breaks off ends early."""
    try:
        with suppress(httpx.HTTPError, httpx.StreamError):
            async for piece in reply.aiter_raw():
                yield piece
    finally:
        await reply.aclose()
