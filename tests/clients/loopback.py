"""Serves an ASGI application on loopback for the length of a test, in the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Ctrl-C belongs to pytest: the stock server would swallow it until its own end.
        yield


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str]:
    """Yield the base URL (no trailing slash) of ``app`` on a free port of 127.0.0.1; stop serving at the end.

    The socket listens before the URL is handed out: an early request waits in its backlog and is never refused.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Or the second write of an answer may wait for 40 ms: asyncio sets it by itself only on sockets that name their
        # protocol. What is accepted inherits it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False)
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
