"""What the scripted servers of all model APIs share: they play turns, and keep what the model would have been told."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import BaseRoute

from tests.clients.loopback import serving
from tests.clients.scripted_model import OUT_OF_TURNS, Turn, say

Json = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """A text that reached the model from outside: from a ``user`` or ``developer``, or a tool's ``output`` or
    ``error``."""

    source: str
    text: str


class ScriptedApi(ABC):
    """Plays ``turns`` to the agent, one for each request.

    ``url`` is the base URL for the client; ``requests`` holds the bodies of all requests of the conversation so far.
    """

    said_on: ClassVar[str]
    """The source from which this API's client lets the model hear what a hook on the prompt adds."""
    said_after: ClassVar[str]
    """The source from which it lets the model hear what a hook on a call's result adds."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.url = ""
        self.requests: list[Json] = []
        self._turns = iter(turns)

    @property
    def app(self) -> Starlette:
        """The API as an ASGI application."""
        return Starlette(routes=self.routes())

    @property
    def heard(self) -> list[list[Heard]]:
        """For each request the texts that no earlier request had: the first is the prompt's, the second the first
        turn's results and what came with them."""
        before: Counter[Heard] = Counter()
        news: list[list[Heard]] = []
        for body in self.requests:
            now = Counter(self.texts(body))
            news.append(list((now - before).elements()))
            before = now
        return news

    def next_turn(self, body: Json) -> Turn:
        """Keeps a request of the conversation and gives the turn that answers it."""
        self.requests.append(body)
        return next(self._turns, say(OUT_OF_TURNS))

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The part of the API that the client uses."""

    @abstractmethod
    def texts(self, body: Json) -> Iterable[Heard]:
        """Every text in a request that is not the model's own."""


_Api = TypeVar("_Api", bound=ScriptedApi)


@asynccontextmanager
async def playing(api: _Api) -> AsyncGenerator[_Api]:
    """Yield the model, listening on a free loopback port until the end of the block."""
    async with serving(api.app) as api.url:
        yield api


def server_sent(events: Iterable[Json]) -> StreamingResponse:
    """The events as a stream; one with a ``type`` is also named by it."""

    def lines() -> Iterable[str]:
        for event in events:
            named = f"event: {event['type']}\n" if "type" in event else ""
            yield f"{named}data: {json.dumps(event)}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")
