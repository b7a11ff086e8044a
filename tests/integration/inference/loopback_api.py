"""A server that speaks Anthropic's Messages API and trtllm-serve's part of OpenAI's, from their public documents.

It is no model and no GPU: it counts words. What holds against it holds for the protocols as they are written down, and
says nothing about Anthropic's service or TensorRT-LLM. `python loopback_api.py MODEL --port 0 …`, with the arguments of
trtllm-serve; the port is the first line of standard output. A prompt of `status 503` is answered with that status.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]

LETTERS = "abcdefghij"
PACE_S = 0.002
ENDLESS = 1 << 20


class Counting:
    """How many generations run now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.running = 0

    def __enter__(self) -> None:
        with self._lock:
            self.running += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.running -= 1


def words(body: Json) -> tuple[list[str], str]:
    """The pieces of an answer, and why it ends: `stop` or `length`."""
    schema = schema_of(body)
    if schema is not None:
        return list(json.dumps(instance(schema))), "stop"
    pieces = [f"{LETTERS[number % 10]}{number} " for number in range(min(body["max_tokens"], ENDLESS))]
    stops: list[str] = body.get("stop") or body.get("stop_sequences") or []
    text = "".join(pieces)
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    if not places:
        return pieces, "length"
    left, cut = min(places), list[str]()
    for piece in pieces:
        if left <= 0:
            break
        cut.append(piece[:left])
        left -= len(piece)
    return cut, "stop"


def schema_of(body: Json) -> Json | None:
    """The schema of a request, where each of the two protocols has it."""
    if "response_format" in body:
        return body["response_format"]["json_schema"]["schema"]
    if "output_config" in body:
        return body["output_config"]["format"]["schema"]
    return None


def instance(schema: Json) -> object:
    """Something that obeys a small schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: instance(inner) for name, inner in schema["properties"].items()}
    return {"integer": 7, "string": "word", "boolean": True, "number": 0.5}[schema["type"]]


def openai_events(body: Json) -> Iterator[Json]:
    """A chat completion in chunks, its usage in the last where that is asked for."""
    pieces, reason = words(body)
    frame: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}

    def chunk(delta: Json, finish: str | None = None) -> Json:
        return {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces:
        yield chunk({"content": piece})
    yield chunk({}, reason)
    if body.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": read_in(body), "completion_tokens": len(pieces)}
        yield {**frame, "choices": [], "usage": {**usage, "total_tokens": sum(usage.values())}}


def anthropic_events(body: Json) -> Iterator[Json]:
    """A message in events."""
    pieces, reason = words(body)
    message: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": []}
    message |= {
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": read_in(body), "output_tokens": 1},
    }
    yield {"type": "message_start", "message": message}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "ping"}
    for piece in pieces:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    yield {"type": "content_block_stop", "index": 0}
    stop_reason = "max_tokens" if reason == "length" else "stop_sequence" if body.get("stop_sequences") else "end_turn"
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": len(pieces)}}
    yield {"type": "message_stop"}


def read_in(body: Json) -> int:
    """Tokens of a prompt: its words."""
    return sum(len(str(message["content"]).split()) for message in body["messages"]) + len(
        body.get("system", "").split()
    )


def handler(model: str, pace_s: float, first_s: float) -> type[BaseHTTPRequestHandler]:
    """The server's face."""
    counting = Counting()
    asked: list[Json] = []

    class Face(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            answers: dict[str, object] = {
                "/health": {},
                "/running": {"running": counting.running},
                "/asked": asked,
                "/v1/models": {"object": "list", "data": [{"id": model, "object": "model", "created": 1}]},
            }
            self._answer(200 if self.path in answers else 404, answers.get(self.path, {}))

        def do_POST(self) -> None:
            body: Json = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append({"path": self.path, "headers": dict(self.headers), "body": body})
            key = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
            if key.endswith("-wrong"):
                self._answer(401, {"error": {"type": "authentication_error", "message": f"no such key: {key}"}})
                return
            status = re.fullmatch(r"status (\d+)", str(body["messages"][-1]["content"]))
            if status:
                self._answer(int(status[1]), {"error": {"type": "made_up_error", "message": f"as asked, {key}"}})
                return
            if self.path == "/v1/messages":
                self._stream(anthropic_events(body), lambda event: f"event: {event['type']}\ndata: {json.dumps(event)}")
            else:
                self._stream(openai_events(body), lambda event: f"data: {json.dumps(event)}", "data: [DONE]")

        def _stream(self, events: Iterator[Json], line: Callable[[Json], str], end: str = "") -> None:
            with counting:
                time.sleep(first_s)
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    for event in events:
                        self._chunk(f"{line(event)}\n\n")
                        time.sleep(pace_s)
                    self._chunk(f"{end}\n\n")
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    self.close_connection = True

        def _chunk(self, text: str) -> None:
            data = text.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

        def _answer(self, status: int, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    return Face


class Server(ThreadingHTTPServer):
    """Takes many at once."""

    daemon_threads = True
    request_queue_size = 256


def main() -> None:
    """Serves until it is killed."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model")
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--max_batch_size", type=int)
    arguments.add_argument("--extra_llm_api_options")
    arguments.add_argument("--pace", type=float, default=PACE_S)
    arguments.add_argument("--first", type=float, default=0.0)
    given = arguments.parse_args()
    if given.extra_llm_api_options:
        with open(given.extra_llm_api_options) as options:
            json.load(options)
    server = Server((given.host, given.port), handler(given.model, given.pace, given.first))
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
