"""A floor: the least that an HTTP service of this kind can do. Starlette under uvicorn, JSON in, JSON out."""

from __future__ import annotations

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def echo(request: Request) -> JSONResponse:
    """Parses the body and answers with its size."""
    payload = await request.json()
    return JSONResponse({"fields": len(payload)})


def main() -> None:
    """Serves on any free port of loopback and prints it."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    # The second is where the shim asks.
    app = Starlette(routes=[Route(path, echo, methods=["POST"]) for path in ("/echo", "/v1/hooks/{client}")])
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=300,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
