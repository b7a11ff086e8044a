"""A server that speaks OpenAI's chat completions at a fixed pace: no model, so that only the way to it is measured.

`python -m bench.paced_model FIRST_MS NEXT_MS TOKENS` prints its port. The first token comes FIRST_MS after the request,
the others NEXT_MS after each other.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Pace:
    """Seconds to the first token and between the others, and how many there are."""

    first_s: float
    next_s: float
    tokens: int


def chunk(text: str) -> bytes:
    """A piece of a chunked body."""
    data = text.encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def event(delta: dict[str, str], finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    """One chunk of a completion."""
    choices = [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "paced", "choices": choices}
    return chunk(f"data: {json.dumps({**body, 'usage': usage})}\n\n")


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pace: Pace) -> None:
    """Answers the requests of one connection in turn."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
            asked: dict[str, Any] = json.loads(await reader.readexactly(length)) if length else {}
            tokens = min(pace.tokens, int(asked.get("max_tokens", pace.tokens)))
            await asyncio.sleep(pace.first_s)
            writer.write(HEAD + event({"role": "assistant", "content": ""}))
            for number in range(tokens):
                if number:
                    await asyncio.sleep(pace.next_s)
                writer.write(event({"content": f"word{number} "}))
                await writer.drain()
            usage = {"prompt_tokens": 8, "completion_tokens": tokens, "total_tokens": 8 + tokens}
            writer.write(event({}, "length") + event({}, usage=usage) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def serve(pace: Pace) -> None:
    """Serves on any free port of loopback and prints it."""
    server = await asyncio.start_server(lambda r, w: answer(r, w, pace), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serves until it is ended."""
    first, following, tokens = (int(word) for word in sys.argv[1:4])
    uvloop.run(serve(Pace(first / 1000, following / 1000, tokens)))


if __name__ == "__main__":
    main()
