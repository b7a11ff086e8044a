"""Conversations over HTTP: `POST /v1/chat`, `POST /v1/chat/stream` (server-sent events), `GET /v1/chat`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from grpc.aio import AioRpcError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chassis.calls import CallContext, current_call, replies
from chassis.faults import Fault, ServiceUnavailable, received
from chassis.identifiers import new_ulid
from chassis.identity import Tokens
from gateway.body import Refused, json_object
from gateway.caller import call_of
from gateway.cleaning import cleaned
from gateway.http_replies import REFUSALS, answer, answered, as_json, error, explained, refusal
from spark.fault.v1 import reason_pb2
from spark.inference.v1 import generation_pb2, inference_pb2
from spark.memory.v1 import conversation_pb2

if TYPE_CHECKING:
    from spark.inference.v1.inference_pb2_grpc import InferenceServiceAsyncStub
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub

PATH = "/v1/chat"
SECONDS = 60.0
"""Patience with an answer; a model of one's own on a laptop takes its time."""
SHOW_SECONDS = 5.0
TEXT_CHARS = 16_384
"""At most four bytes a character: within the contract's limit."""
SESSION_CHARS = 200
EVENT_STREAM = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]


class ChatEndpoint:
    """Answers in conversations, and shows them. What is said is cleaned of secrets before anybody else sees it."""

    def __init__(self, inference: InferenceServiceAsyncStub, memory: MemoryServiceAsyncStub, tokens: Tokens) -> None:
        self._inference = inference
        self._memory = memory
        self._tokens = tokens

    @property
    def routes(self) -> list[Route]:
        """The routes to serve it by."""
        return [
            Route(PATH, self.ask, methods=["POST"]),
            Route(PATH, self.show, methods=["GET"]),
            Route(f"{PATH}/stream", self.stream, methods=["POST"]),
            Route(f"{PATH}/rating", self.rate, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """The whole answer as one JSON object, or an error that says what is wrong."""
        return await self._answered(request, streams=False)

    async def stream(self, request: Request) -> Response:
        """The answer in pieces as server-sent events: `delta`s, then `answered` or `failed`."""
        return await self._answered(request, streams=True)

    async def show(self, request: Request) -> Response:
        """What was said in a conversation, newest first; `session_id`, and `page_token` of a former answer."""

        async def entries() -> Message:
            given = request.query_params
            wanted = conversation_pb2.ListEntriesRequest(
                session_id=session_in(given), page_token=given.get("page_token", "")
            )
            return await self._memory.ListEntries(wanted, timeout=SHOW_SECONDS)

        return await answered(request, PATH, self._tokens, entries)

    async def rate(self, request: Request) -> Response:
        """Takes a user's word on an answer: `answer_id`, and whether it was `right`."""

        async def rated() -> Message:
            return await self._inference.Rate(rating_in(await json_object(request)), timeout=SHOW_SECONDS)

        return await answered(request, f"{PATH}/rating", self._tokens, rated)

    async def _answered(self, request: Request, *, streams: bool) -> Response:
        try:
            call = call_of(request, PATH, self._tokens)
            wanted = chat_in(await json_object(request))
        except REFUSALS as refused:
            return refusal(refused)
        return Answering(self._inference, wanted, call, streams=streams)


class Answering(Response):
    """An answer that is being made. Whoever asked and goes away ends the work on it.

    A stream begins with its first event, so that what is refused has a status of its own and not 200.
    """

    def __init__(
        self,
        inference: InferenceServiceAsyncStub,
        wanted: inference_pb2.ChatRequest,
        call: CallContext,
        *,
        streams: bool,
    ) -> None:
        self.background = None
        self._inference = inference
        self._wanted = wanted
        self._call = call
        self._streams = streams
        self._begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it; cancelled, it says that Spark is stopping."""
        stopping = False
        working = asyncio.create_task(self._work(scope, receive, send))
        leaving = asyncio.create_task(gone(receive))
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # Only a listener that ends cancels a request. Raised on, it would be logged as a fault of the application.
            stopping = not working.done()
        finally:
            for task in (leaving, working):
                task.cancel()
            ends = await asyncio.gather(working, leaving, return_exceptions=True)
        if isinstance(ends[0], Exception):
            raise ends[0]
        if stopping and (self._streams or not self._begun):
            await self._fail(ServiceUnavailable("Spark is stopping"), scope, receive, send)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        current_call.set(self._call)
        try:
            async with aclosing(replies(self._inference.Chat(self._wanted, timeout=SECONDS))) as events:
                async for event in events:
                    if not self._streams:
                        if not event.HasField("delta"):
                            self._begun = True
                            await whole(event)(scope, receive, send)
                            return
                        continue
                    if not self._begun:
                        self._begun = True
                        await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM})
                    await send({"type": "http.response.body", "body": server_sent(event), "more_body": True})
        except AioRpcError as failed:
            await self._fail(received(failed), scope, receive, send)
            return
        await send({"type": "http.response.body", "body": b""})

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Ends the reply by saying what is wrong."""
        if not self._begun:
            await explained(fault)(scope, receive, send)
            return
        broken = generation_pb2.Failed(reason=reason_pb2.Reason.Name(fault.reason), message=fault.message)
        await send({"type": "http.response.body", "body": server_sent(inference_pb2.ChatResponse(failed=broken))})


async def gone(receive: Receive) -> None:
    """Returns once the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def chat_in(body: Mapping[str, object]) -> inference_pb2.ChatRequest:
    """What a body says, without secrets.

    Raises:
        Refused: 400 when it lacks a conversation or words.
    """
    text, entry_id = body.get("text"), body.get("entry_id") or ""
    if not isinstance(text, str) or not text.strip():
        raise Refused(400, "INVALID_ARGUMENT", "text must hold what is said")
    if len(text) > TEXT_CHARS:
        raise Refused(400, "INVALID_ARGUMENT", f"text is over {TEXT_CHARS:,} characters")
    if not isinstance(entry_id, str):
        raise Refused(400, "INVALID_ARGUMENT", "entry_id must be a ULID, or left out")
    return inference_pb2.ChatRequest(session_id=session_in(body), text=cleaned(text), entry_id=entry_id or new_ulid())


def session_in(given: Mapping[str, object]) -> str:
    """The conversation that is meant, by a name without secrets.

    Raises:
        Refused: 400 when none is.
    """
    named = given.get("session_id")
    session = cleaned(named) if isinstance(named, str) and len(named) <= SESSION_CHARS else ""
    if not 0 < len(session) <= SESSION_CHARS:
        message = f"session_id must name the conversation, in 1 to {SESSION_CHARS} characters"
        raise Refused(400, "INVALID_ARGUMENT", message)
    return session


def rating_in(body: Mapping[str, object]) -> inference_pb2.RateRequest:
    """What a body says of an answer.

    Raises:
        Refused: 400 when it lacks an id, or a word on it.
    """
    answer_id, right = body.get("answer_id"), body.get("right")
    if not isinstance(answer_id, str) or not answer_id:
        raise Refused(400, "INVALID_ARGUMENT", "answer_id must be that of an answer, as the answer has it")
    if not isinstance(right, bool):
        raise Refused(400, "INVALID_ARGUMENT", "right must be true or false")
    return inference_pb2.RateRequest(answer_id=answer_id, right=right)


def whole(event: inference_pb2.ChatResponse) -> Response:
    """The last event of an answer as the one reply."""
    if event.HasField("failed"):
        return error(502, event.failed.reason.removeprefix("REASON_"), event.failed.message)
    return answer(event.answered)


def server_sent(event: inference_pb2.ChatResponse) -> bytes:
    """One event in the form of the HTML standard's server-sent events."""
    name = event.WhichOneof("event") or "delta"
    body: Message = getattr(event, name)
    return b"event: %s\ndata: %s\n\n" % (name.encode(), as_json(body))
