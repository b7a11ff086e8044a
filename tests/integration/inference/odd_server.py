"""A server of OpenAI's and Anthropic's streams that sends what a test gives it, whatever their documents say."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chassis.identifiers import new_ulid
from services.inference.engines.anthropic_messages import Account, AnthropicMessages
from services.inference.engines.openai_compatible import OpenAICompatible, Where
from services.inference.model import Message, Prompt, Role
from tests.integration.scripted_http import Json, scripted

KEY = "sk-proj-0123456789abcdef"


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

    def stream(path: str, body: Json) -> list[str]:
        odd.asked.append(body)
        if path == "/v1/messages":
            return [f"event: {event['type']}\ndata: {json.dumps(event)}" for event in odd.anthropic_events()]
        return [*(f"data: {json.dumps(event)}" for event in odd.openai_events()), "data: [DONE]"]

    with scripted(lambda: {"object": "list", "data": [{"id": odd.model, "object": "model"}]}, stream) as odd.url:
        yield odd
