"""What one step of a client takes as its model sees it: from an answer with a call to the request with its result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to the model and its answer. Times are of ``time.perf_counter``."""

    came: float
    """When the request's head was there."""
    gone: float
    """When the answer was handed to the network."""
    said: bytes
    """The answer's body."""


class Stopwatch:
    """A model's API with every exchange timed.

    An answer is sent in one piece: clients begin with a call before the end of a streamed one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The API."""
        came = time.perf_counter()
        head: list[Message] = []
        said: list[bytes] = []

        async def keeping(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.append(message)
            said.append(message.get("body", b""))

        await self._app(scope, receive, keeping)
        body = b"".join(said)
        self.exchanges.append(Exchange(came, time.perf_counter(), body))
        for message in (*head, {"type": "http.response.body", "body": body}):
            await send(message)


def steps(exchanges: Sequence[Exchange], marks: Sequence[str]) -> list[float]:
    """Seconds of each step between answers that are known by a mark in them, such as a call's id, in order.

    Clients ask for titles and the like in between, so an answer's place says nothing. Raises LookupError when one is
    missing.
    """
    found: list[Exchange] = []
    for mark in marks:
        answer = next((one for one in exchanges if mark.encode() in one.said), None)
        if answer is None:
            raise LookupError(f"the model never gave the answer with {mark}")
        found.append(answer)
    return [later.came - earlier.gone for earlier, later in pairwise(found)]
