"""A server of OpenAI's and Anthropic's streams that sends what a test gives it, whatever their documents say."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chassis.identifiers import new_ulid
from services.inference.engines.anthropic_messages import Account, AnthropicMessages
from services.inference.engines.openai_compatible import OpenAICompatible, Where
from services.inference.model import Message, Prompt, Role

KEY = "sk-proj-0123456789abcdef"
Json = dict[str, Any]


@dataclass
class Odd:
    """What it sends as its pieces, its counts of tokens and its model's name, and what it was asked."""

    pieces: tuple[object, ...] = ("an ", "answer")
    read: object = 3
    written: object = 2
    model: object = "odd"
    url: str = ""
    asked: list[Json] = field(default_factory=list[Json])

    def engine(self, kind: str) -> OpenAICompatible | AnthropicMessages:
        """The engine of a kind that speaks to it."""
        if kind == "anthropic":
            return AnthropicMessages(Account("odd", KEY, self.url))
        return OpenAICompatible("openai", "openai", Where(f"{self.url}/v1", key=KEY))

    def openai_events(self) -> list[Json]:
        """A chat completion."""
        frame: Json = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "odd"}
        pieces: list[Json] = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in self.pieces]
        end: Json = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        usage: Json = {"choices": [], "usage": {"prompt_tokens": self.read, "completion_tokens": self.written}}
        return [{**frame, **event} for event in (*pieces, end, usage)]

    def anthropic_events(self) -> list[Json]:
        """A message."""
        message: Json = {"id": "1", "type": "message", "role": "assistant", "model": "odd", "content": []}
        started: Json = {"type": "message_start", "message": {**message, "usage": {"input_tokens": self.read}}}
        deltas = [{"type": "text_delta", "text": piece} for piece in self.pieces]
        pieces = [{"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas]
        usage = {"output_tokens": self.written}
        return [started, *pieces, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}]


def asked() -> Prompt:
    """A prompt of its own id."""
    return Prompt(new_ulid(), (Message(Role.USER, "hello"),), 16)


@contextmanager
def odd_server() -> Generator[Odd]:
    """The server, on a free port, for the time of the block."""
    odd = Odd()

    class Face(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(json.dumps({"object": "list", "data": [{"id": odd.model, "object": "model"}]}))

        def do_POST(self) -> None:
            odd.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            if self.path == "/v1/messages":
                lines = [f"event: {event['type']}\ndata: {json.dumps(event)}" for event in odd.anthropic_events()]
            else:
                lines = [f"data: {json.dumps(event)}" for event in odd.openai_events()] + ["data: [DONE]"]
            self._answer("".join(f"{line}\n\n" for line in lines), "text/event-stream")

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
    odd.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield odd
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
