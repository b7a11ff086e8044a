"""Who may knock over HTTP. Any web page can send to loopback, so what a browser sends for a page is refused, but for
forms of our own pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def no_page(_: Scope) -> bool:
    """For those that show nothing to browsers."""
    return False


class Door:
    """Checks Host and Origin before anything else; over a Unix socket, file permissions stand in for the Host.

    With `any_host` the Host is not looked at: a listener beyond loopback goes by names that only its callers know. What
    `pages` picks out may come from a page, if that page came from here; it must look itself for who sends it.
    """

    def __init__(self, app: App, *, any_host: bool = False, pages: Callable[[Scope], bool] = no_page) -> None:
        self._app = app
        self._any_host = any_host
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request, or refuses it with a reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        if origins and not (is_own(origins, hosts) and self._pages(scope)):
            await refuse(send, 403, "FOREIGN_ORIGIN", "requests from web pages are refused")
        elif not (self._any_host or through_socket(scope) or names_loopback(hosts)):
            await refuse(send, 403, "FOREIGN_HOST", "the Host header must name this machine's loopback")
        else:
            await self._app(scope, receive, send)


def is_own(origins: Sequence[bytes], hosts: Sequence[bytes]) -> bool:
    """Whether a request's one Origin is the very place that it was sent to, in name and port."""
    if len(origins) != 1 or len(hosts) != 1:
        return False
    scheme, _, place = origins[0].partition(b"://")
    # TLS may have been ended before it came here.
    return scheme in (b"http", b"https") and place != b"" and place == hosts[0]


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
