"""Who may knock over HTTP. Any web page can send to loopback, so what a browser sends for a page is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Door:
    """Checks Host and Origin before anything else; over a Unix socket, file permissions stand in for the Host.

    With `any_host` the Host is not looked at: a listener beyond loopback goes by names that only its callers know.
    """

    def __init__(self, app: App, *, any_host: bool = False) -> None:
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request, or refuses it with a reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if any(name == b"origin" for name, _ in headers):
            await refuse(send, 403, "FOREIGN_ORIGIN", "requests from web pages are refused")
        elif not (self._any_host or through_socket(scope) or names_loopback(hosts)):
            await refuse(send, 403, "FOREIGN_HOST", "the Host header must name this machine's loopback")
        else:
            await self._app(scope, receive, send)


def names_loopback(hosts: Sequence[bytes]) -> bool:
    """Whether a request's one Host header names loopback."""
    return len(hosts) == 1 and host_name(hosts[0]) in LOOPBACK_HOSTS


def through_socket(scope: Scope) -> bool:
    """Whether a request came over the Unix socket, which only its owner can open."""
    server = scope.get("server")
    return server is not None and server[1] is None


def host_name(host: bytes) -> str:
    """The name in a Host header, without port and brackets."""
    text = host.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def error_body(reason: str, message: str) -> bytes:
    """The JSON of an error."""
    return orjson.dumps({"error": {"reason": reason, "message": message}})


async def refuse(send: Send, status: int, reason: str, message: str) -> None:
    """Answers with an error and nothing else."""
    body = error_body(reason, message)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
