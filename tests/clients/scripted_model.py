"""A model server that plays a written script instead of thinking, for driving a real coding agent in a test.

It speaks the part of the Anthropic Messages API that Claude Code 2.1.197 uses (``POST /v1/messages`` as JSON or as
server-sent events, ``count_tokens``, connectivity probes) and keeps every request, so that a test can look up what the
agent's model would have been told.
"""

import json
import uuid
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.clients.loopback import serving

Json = dict[str, Any]
Kind = Literal["main", "subagent", "side", "count"]

OUT_OF_TURNS = "The script has no turn left."
"""What the model answers once its script is played; as the result of a run it means that the script was too short."""


@dataclass(frozen=True)
class ToolCall:
    """One call that the model makes: the client's own tool name and input, and the id its result will carry."""

    name: str
    input: Json
    id: str = field(default_factory=lambda: f"toolu_{uuid.uuid4().hex[:24]}")


def bash(command: str) -> ToolCall:
    """Run ``command`` in the agent's shell."""
    return ToolCall("Bash", {"command": command, "description": "Run a command"})


def read(path: Path | str) -> ToolCall:
    """Read the file at the absolute ``path``."""
    return ToolCall("Read", {"file_path": str(path)})


def edit(path: Path | str, old: str, new: str) -> ToolCall:
    """Replace ``old`` by ``new`` in the file at the absolute ``path``; the client refuses it on a file not yet read."""
    return ToolCall("Edit", {"file_path": str(path), "old_string": old, "new_string": new})


def write(path: Path | str, content: str) -> ToolCall:
    """Write a whole file at the absolute ``path``."""
    return ToolCall("Write", {"file_path": str(path), "content": content})


def delegate(prompt: str) -> ToolCall:
    """Start a sub-agent on ``prompt`` and wait for it; its own turns are given to the model as ``subagents``."""
    return ToolCall(
        "Agent",
        {"description": "Sub-task", "prompt": prompt, "subagent_type": "general-purpose", "run_in_background": False},
    )


@dataclass(frozen=True)
class Turn:
    """One answer of the model: words, calls (made in parallel), or words followed by calls."""

    text: str | None = None
    calls: tuple[ToolCall, ...] = ()


def say(text: str) -> Turn:
    """Answer with words alone, which ends the agent's turn."""
    return Turn(text=text)


def call(*calls: ToolCall) -> Turn:
    """Answer with one or several tool calls."""
    return Turn(calls=calls)


@dataclass(frozen=True)
class ModelRequest:
    """One request that the agent sent to its model.

    ``main`` is the conversation itself, ``subagent`` that of a sub-agent, ``side`` a request of the client for its own
    use (a title, a quota check: it offers no tools), ``count`` a token count.
    """

    kind: Kind
    body: Json

    @property
    def messages(self) -> list[Json]:
        """The conversation as sent, oldest message first."""
        return self.body["messages"]

    @property
    def texts(self) -> list[str]:
        """Every text of the conversation, in order: all but the tool calls and what the tools themselves returned."""
        return [text for message in self.messages for text in _texts(message)]


def text_after_tool(requests: Iterable[ModelRequest], tool_use_id: str) -> list[str]:
    """The texts that the model saw together with the result of one call, beside that result or after it.

    Taken from the first request that carries the result; what the tool itself returned is left out. Calls made in one
    turn come back in one message, and the client does not say which of them a text belongs to.

    Raises LookupError when the result never reached the model.
    """
    for request in requests:
        for index, message in enumerate(request.messages):
            if any(block.get("tool_use_id") == tool_use_id for block in _blocks(message)):
                return [text for later in request.messages[index:] for text in _texts(later)]
    raise LookupError(f"no request carries the result of {tool_use_id}")


def _blocks(message: Json) -> list[Json]:
    content: str | list[Json] = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _texts(message: Json) -> list[str]:
    return [block["text"] for block in _blocks(message) if block["type"] == "text"]


class ScriptedModel:
    """Plays ``turns`` to the agent, and to a sub-agent the turns under the key that its first message contains.

    ``url`` is the base URL for the client; ``requests`` holds all requests so far, in order of arrival.
    """

    def __init__(self, turns: Sequence[Turn], subagents: Mapping[str, Sequence[Turn]]) -> None:
        self.url = ""
        self.requests: list[ModelRequest] = []
        self._turns = iter(turns)
        self._subagents = {key: iter(its_turns) for key, its_turns in subagents.items()}

    @property
    def app(self) -> Starlette:
        """The API as an ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/messages", self._answer, methods=["POST"]),
                Route("/v1/messages/count_tokens", self._count, methods=["POST"]),
                Route("/{probe:path}", self._probe, methods=["GET", "HEAD"]),
            ]
        )

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        kind, turn = self._next(body)
        self.requests.append(ModelRequest(kind, body))
        message = _message(turn, body["model"])
        if not body.get("stream"):
            return JSONResponse(message)
        return StreamingResponse(_events(message), media_type="text/event-stream")

    async def _count(self, request: Request) -> Response:
        self.requests.append(ModelRequest("count", await request.json()))
        return JSONResponse({"input_tokens": _INPUT_TOKENS})

    async def _probe(self, _request: Request) -> Response:
        return JSONResponse({})

    def _next(self, body: Json) -> tuple[Kind, Turn]:
        if not body.get("tools"):
            return "side", say("ok")
        first = "\n".join(_texts(body["messages"][0]))
        for key, turns in self._subagents.items():
            if key in first:
                return "subagent", next(turns, say(OUT_OF_TURNS))
        return "main", next(self._turns, say(OUT_OF_TURNS))


@asynccontextmanager
async def scripted_model(
    turns: Sequence[Turn], subagents: Mapping[str, Sequence[Turn]] | None = None
) -> AsyncGenerator[ScriptedModel]:
    """Yield a model that listens on a free loopback port until the end of the block."""
    model = ScriptedModel(turns, subagents or {})
    async with serving(model.app) as model.url:
        yield model


class StartModel(Protocol):
    """The ``model`` fixture: starts a model that plays ``turns`` until the end of the test."""

    async def __call__(self, *turns: Turn, subagents: Mapping[str, Sequence[Turn]] | None = None) -> ScriptedModel: ...


# The client shows and adds up token counts but acts on them only near its context limit: any small number does.
_INPUT_TOKENS = 1000
_OUTPUT_TOKENS = 20


def _message(turn: Turn, model: str) -> Json:
    content: list[Json] = []
    if turn.text is not None:
        content.append({"type": "text", "text": turn.text})
    content += [{"type": "tool_use", "id": one.id, "name": one.name, "input": one.input} for one in turn.calls]
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if turn.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": _INPUT_TOKENS, "output_tokens": _OUTPUT_TOKENS},
    }


def _events(message: Json) -> Iterator[str]:
    """The server-sent events that build ``message`` up, each block in one piece."""
    yield _event("message_start", message=message | {"content": [], "stop_reason": None})
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty: Json = {"text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            empty = {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield _event("content_block_start", index=index, content_block=block | empty)
        yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _event("message_delta", delta=ending, usage={"output_tokens": _OUTPUT_TOKENS})
    yield _event("message_stop")


def _event(name: str, **fields: Any) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n"
