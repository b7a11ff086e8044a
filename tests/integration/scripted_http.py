"""An HTTP server on loopback whose replies a test makes up."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@contextmanager
def scripted(models: Callable[[], Json], stream: Callable[[str, Json], Iterable[str]]) -> Generator[str]:
    """The server, on a free port, for the time of the block; gives its address.

    `models` is the reply to every GET; `stream` makes the server-sent events, of a path and a body, of every POST.
    """

    class Face(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(json.dumps(models()), "application/json")

        def do_POST(self) -> None:
            body: Json = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._answer("".join(f"{event}\n\n" for event in stream(self.path, body)), "text/event-stream")

        def _answer(self, text: str, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            try:
                self.wfile.write(text.encode())
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Face)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
