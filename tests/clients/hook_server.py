"""A hook server of the tests' own, to show what the client sends and delivers without anything of ours in between."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.clients.loopback import serving

Json = dict[str, Any]


def http_hooks(url: str, events: Iterable[str], timeout_s: int = 1) -> Json:
    """Client settings that send each of ``events`` to ``url``."""
    hook = {"type": "http", "url": url, "timeout": timeout_s}
    return {"hooks": {event: [{"hooks": [hook]}] for event in events}}


def advice(event: str, text: str) -> Json:
    """The reply by which a hook on ``event`` adds ``text`` to what the model sees."""
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


@dataclass
class HookServer:
    """Keeps every hook event received, in order, and answers each with the reply for its name, else with ``{}``."""

    replies: Mapping[str, Json]
    url: str = ""
    events: list[Json] = field(default_factory=list[Json])

    def named(self, event: str) -> list[Json]:
        """The received events of one name."""
        return [one for one in self.events if one["hook_event_name"] == event]

    async def answer(self, request: Request) -> Response:
        """The endpoint."""
        event = await request.json()
        self.events.append(event)
        return JSONResponse(self.replies.get(event["hook_event_name"], {}))


@asynccontextmanager
async def hook_server(replies: Mapping[str, Json] | None = None) -> AsyncGenerator[HookServer]:
    """Yield a hook server on a free loopback port until the end of the block."""
    server = HookServer(replies or {})
    async with serving(Starlette(routes=[Route("/", server.answer, methods=["POST"])])) as server.url:
        yield server
