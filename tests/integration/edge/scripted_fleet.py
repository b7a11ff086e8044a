"""Somebody who answers in the fleet's place, as a test says: for what a Spark never does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from chassis.settings import Settings
from gateway.edge.link import Fleet, Link
from host.fleet import trust_of
from spark.gateway.v1 import hooks_pb2

Answers = Callable[[str, bytes], Awaitable[bytes]]
"""From method and body to a whole reply."""

GREETING = b'{"takes":"moments"}'


def reply(status: int, body: bytes = b"", kind: str = "application/x-protobuf") -> bytes:
    """A reply over HTTP/1.1."""
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def taken(decision_id: str = "", sequence: int = 7) -> bytes:
    """What a fleet says that has taken moments."""
    message = hooks_pb2.TakeMomentsResponse(sequence=sequence)
    if decision_id:
        message.decision.decision_id = decision_id
    return reply(200, message.SerializeToString())


class Scripted:
    """Answers by a function that a test may replace; keeps the requests that it got."""

    def __init__(self, post: Answers) -> None:
        self.post = post
        self.greeting = reply(200, GREETING, "application/json")
        self.requests: list[hooks_pb2.TakeMomentsRequest] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.lower().split(b"\r\n")
                lengths = [int(each.partition(b":")[2]) for each in lines if each.startswith(b"content-length:")]
                body = await reader.readexactly(lengths[0]) if lengths else b""
                if head.startswith(b"GET"):
                    writer.write(self.greeting)
                    continue
                self.requests.append(hooks_pb2.TakeMomentsRequest.FromString(body))
                writer.write(await self.post("POST", body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted(post: Answers) -> AsyncGenerator[tuple[Scripted, Link]]:
    """One for the time of the block, and a link to it."""
    far = Scripted(post)
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = Link(Fleet(f"http://127.0.0.1:{port}", "t" * 20), trust_of(Settings({}, {})))
    try:
        yield far, link
    finally:
        await link.close()
        server.close()
