"""A server of OpenAI's chat completions that says what a test has it say. It is no model."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.integration.scripted_http import Json, scripted

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

    def stream(_: str, body: Json) -> list[str]:
        if "response_format" in body:
            model.asked.append(body["messages"][-1]["content"])
            time.sleep(model.after_s)
        schema = json.dumps(body.get("response_format", {}))
        says = {"advice": model.advice} if '"advice"' in schema else model.voice
        frame = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
        delta = {"role": "assistant", "content": json.dumps(says)}
        said: Json = {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        ended: Json = {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        return [f"data: {event}" for event in (json.dumps(said), json.dumps(ended), "[DONE]")]

    with scripted(lambda: {"object": "list", "data": [{"id": "scripted", "object": "model"}]}, stream) as url:
        model.url = f"{url}/v1"
        yield model
