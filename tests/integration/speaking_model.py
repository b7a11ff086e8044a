"""A server of OpenAI's chat completions that says what a test has it say. It is no model."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

UNSURE = {"confidence": 0.1, "verdict": "unsure", "risk": "", "answer": "I cannot say."}


@dataclass
class Model:
    """What it says, after how long, and what it was asked."""

    advice: str = ""
    """What it writes where advice is to be worded."""
    voice: dict[str, object] = field(default_factory=lambda: {**UNSURE})
    """What it writes where it is a voice."""
    after_s: float = 0.0
    url: str = ""
    asked: list[str] = field(default_factory=list[str])
    """The last message of each request but warm-ups."""


@contextmanager
def speaking() -> Generator[Model]:
    """The server, on a free port, for the time of the block."""
    model = Model()

    class Face(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}))

        def do_POST(self) -> None:
            body: Any = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if "response_format" in body:
                model.asked.append(body["messages"][-1]["content"])
                time.sleep(model.after_s)
            schema = json.dumps(body.get("response_format", {}))
            says = {"advice": model.advice} if '"advice"' in schema else model.voice
            frame = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
            delta = {"role": "assistant", "content": json.dumps(says)}
            said = {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            ended: dict[str, Any] = {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            events = (json.dumps(said), json.dumps(ended), "[DONE]")
            self._answer("".join(f"data: {event}\n\n" for event in events), "text/event-stream")

        def _answer(self, text: str, kind: str = "application/json") -> None:
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
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
