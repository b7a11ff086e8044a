"""A server on loopback that takes what webhooks send and answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Taken:
    """What came, and how it is answered: with the statuses in their turn, then with 200; not at all while it hangs."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    paths: list[str] = field(default_factory=list[str])
    statuses: list[int] = field(default_factory=list[int])
    answers: threading.Event = field(default_factory=threading.Event)

    @property
    def texts(self) -> list[str]:
        """The messages."""
        return [body["text"] for body in self.bodies]


@contextmanager
def taking() -> Generator[Taken]:
    """The server, on a free port, for the time of the block."""
    taken = Taken()
    taken.answers.set()

    class Face(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            taken.paths.append(self.path)
            taken.answers.wait()
            self.send_response(taken.statuses.pop(0) if taken.statuses else 200)
            self.send_header("content-length", "2")
            self.end_headers()
            try:
                self.wfile.write(b"ok")
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Face)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    taken.url = f"http://127.0.0.1:{server.server_address[1]}/services/T0/B0/open-sesame"
    try:
        yield taken
    finally:
        taken.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()
