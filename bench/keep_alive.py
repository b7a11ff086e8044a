"""A client over one kept connection, so bare that what is measured is the server."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

HEAD_ENDS = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `head` is the status line with the headers, as they came."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head[9:12])

    def header(self, name: str) -> str:
        """A header's value; empty when it is absent."""
        found = re.search(rb"\r\n" + re.escape(name.encode()) + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found[1].decode("latin-1") if found else ""


class KeepAlive:
    """Posts JSON to one path of one server.

    Raises:
        ConnectionError: when the server closes the connection.
        TimeoutError: when it does not answer within 10 s.
    """

    def __init__(self, host: str, port: int, path: str, headers: Mapping[str, str] | None = None) -> None:
        lines = [f"POST {path} HTTP/1.1", f"host: {host}:{port}", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._head = ("\r\n".join(lines) + "\r\ncontent-length: ").encode("latin-1")
        self._socket = socket.create_connection((host, port), timeout=PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, body: bytes) -> bytes:
        """The bytes of a request, made before the clock starts."""
        return self._head + str(len(body)).encode() + HEAD_ENDS + body

    def exchange(self, request: bytes) -> Reply:
        """Sends a request and reads its answer to the end."""
        self._socket.sendall(request)
        received = b""
        while True:
            part = self._socket.recv(65536)
            if not part:
                raise ConnectionError("the server closed the connection")
            received += part
            head, found, body = received.partition(HEAD_ENDS)
            if not found:
                continue
            length = LENGTH.search(head)
            if length is not None and len(body) >= int(length[1]):
                return Reply(head, body)

    def timed(self, body: bytes) -> tuple[Reply, float]:
        """The answer to a body, and the seconds from its first byte to the last of the answer."""
        request = self.request(body)
        started = time.perf_counter()
        reply = self.exchange(request)
        return reply, time.perf_counter() - started

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()
