"""A scripted model that speaks the part of OpenAI's Responses API that Codex 0.169.0 uses, as a stream of events."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.clients.scripted_api import Heard, Json, ScriptedApi, server_sent
from tests.clients.scripted_model import ToolCall, Turn

FREE_FORM = frozenset({"apply_patch"})
"""Tools that take text instead of JSON; a call of one carries it as ``input["text"]``."""


class ScriptedOpenAI(ScriptedApi):
    """See ``ScriptedApi``. Codex puts what hooks add into messages of the developer, before the call's output."""

    said_on: ClassVar[str] = "developer"
    said_after: ClassVar[str] = "developer"

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/v1/responses", self._respond, methods=["POST"]),
            Route("/{probe:path}", self._probe, methods=["GET", "HEAD", "POST"]),
        ]

    def texts(self, body: Json) -> Iterable[Heard]:
        for item in body["input"]:
            if "output" in item:
                yield from (Heard("output", text) for text in _texts(item["output"]))
            elif item.get("role") not in {None, "assistant"}:
                yield from (Heard(item["role"], text) for text in _texts(item["content"]))

    async def _respond(self, request: Request) -> Response:
        body = await request.json()
        return server_sent(_events(self.next_turn(body), body["model"]))

    async def _probe(self, _request: Request) -> Response:
        return JSONResponse({}, status_code=404)


def _texts(content: Any) -> list[str]:
    """The texts of an item: its content is one, or a list of parts."""
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in cast("list[Json]", content) if "text" in part]


def _events(turn: Turn, model: str) -> Iterator[Json]:
    """The events that build an answer up, each item in one piece."""
    items = list(_items(turn))
    answer: Json = {"id": f"resp_{uuid.uuid4().hex}", "object": "response", "model": model}
    yield {"type": "response.created", "response": answer | {"status": "in_progress", "output": []}}
    for index, item in enumerate(items):
        yield {"type": "response.output_item.added", "output_index": index, "item": item}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": answer | {"status": "completed", "output": items, "usage": _USAGE}}


def _items(turn: Turn) -> Iterator[Json]:
    if turn.text is not None:
        said: Json = {"type": "output_text", "text": turn.text, "annotations": []}
        yield {"type": "message", "id": f"msg_{uuid.uuid4().hex}", "role": "assistant", "content": [said]}
    yield from map(_call, turn.calls)


def _call(call: ToolCall) -> Json:
    common = {"id": f"item_{call.id}", "call_id": call.id, "name": call.name, "status": "completed"}
    if call.name in FREE_FORM:
        return {"type": "custom_tool_call", "input": call.input["text"], **common}
    if call.name.startswith("mcp__"):
        namespace, _, common["name"] = call.name.rpartition("__")
        common["namespace"] = namespace
    return {"type": "function_call", "arguments": json.dumps(call.input), **common}


# The client adds token counts up and acts on them only near its context limit: any small number does.
_USAGE: Json = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 1020,
}
