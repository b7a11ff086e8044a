"""Gateways that are broken in each of the ways that an agent must not notice."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.clients.hook_server import advice
from tests.clients.loopback import serving

Answer = Callable[[Request], Awaitable[Response]]

NOISE = "NOISE"
"""A word of every wrong answer: the model must never see it."""
BETWEEN_BYTES_S = 0.03
"""Quick enough for any time-out between two bytes; a whole answer takes some three seconds, more than any hook may."""


async def hang(request: Request) -> Response:
    """Never answers."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


async def trickle(request: Request) -> Response:
    """Gives good advice, byte by byte."""
    whole = json.dumps(advice((await request.json())["hook_event_name"], NOISE)).encode()

    async def content() -> AsyncGenerator[bytes]:
        for index in range(len(whole)):
            yield whole[index : index + 1]
            await asyncio.sleep(BETWEEN_BYTES_S)

    return StreamingResponse(content(), headers={"content-length": str(len(whole))}, media_type="application/json")


async def garble(_request: Request) -> Response:
    """Answers with what is no JSON and no text."""
    return Response(b'{"hookSpecificOutput": NOISE \xff\x00', media_type="application/json")


async def fail(_request: Request) -> Response:
    """Answers that it failed."""
    return PlainTextResponse(NOISE, status_code=500)


async def advise(request: Request) -> Response:
    """Answers as it should; this is what a model never sees when nobody asks."""
    return JSONResponse(advice((await request.json())["hook_event_name"], NOISE))


@asynccontextmanager
async def gateway(answer: Answer) -> AsyncGenerator[tuple[str, list[str]]]:
    """Yield the base URL of a gateway that answers every hook so, and the names of the events that it hears."""
    heard: list[str] = []

    async def hook(request: Request) -> Response:
        heard.append((await request.json())["hook_event_name"])
        return await answer(request)

    async with serving(Starlette(routes=[Route("/{path:path}", hook, methods=["POST"])])) as url:
        yield url, heard


def announce(home: Path, url: str) -> None:
    """Have the shim of a Spark home find a gateway there."""
    home.mkdir(mode=0o700, exist_ok=True)
    for name, content in (
        ("run.json", json.dumps({"http": url, "socket": "", "pid": os.getpid()})),
        ("token", "dummy"),
    ):
        (home / name).write_text(content)
        (home / name).chmod(0o600)
