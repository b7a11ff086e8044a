"""Any server that speaks OpenAI's chat completions: vLLM, NIM, Ollama, llama.cpp, trtllm-serve, and hosted ones."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.inference.engines.heard import Pieces, counted, name_from
from services.inference.engines.refusals import broken, cut_short, refused_with, too_deep
from services.inference.engines.sdk import connections, loaded
from services.inference.model import Capabilities, Delta, Finished, FinishReason, Prompt, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

NO_KEY = "none"
"""Servers without keys take any; the SDK insists on one."""


@dataclass(frozen=True)
class Where:
    """How to reach a server. `key` is never shown: it is left out of every text of this object."""

    url: str
    model: str = ""
    key: str = ""
    hosted: bool = False
    json_schema: bool = True

    def __repr__(self) -> str:
        """Without the key."""
        return f"Where({self.url!r}, {self.model!r})"


class OpenAICompatible:
    """One server with one model."""

    def __init__(self, name: str, kind: str, where: Where) -> None:
        self.name = name
        self.kind = kind
        self.model = where.model
        self.hosted = where.hosted
        self.capabilities = Capabilities(json_schema=where.json_schema)
        self._where = where
        self._id = where.model
        """What the server calls the model."""
        self._client: AsyncOpenAI | None = None

    async def start(self) -> None:
        """Asks for the name of the model where none is set; that the server serves, its warm-up shows.

        Raises:
            EngineError: when the SDK is missing, or the server does not tell.
        """
        client = await self._ready_client()
        if not self.model:
            try:
                listed = await client.models.list()
            except Exception as error:
                raise broken(self.name, error) from None
            told: object = getattr(listed.data[0], "id", None) if listed.data else None
            if not isinstance(told, str) or not told:
                raise refused_with(self.name, "names no model; set one")
            self._id, self.model = told, name_from(told, self._where.key)

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """One chat completion as a stream; closing it closes the connection, on which the server stops."""
        create: Any = (await self._ready_client()).chat.completions.create
        try:
            stream: AsyncStream[ChatCompletionChunk] = await create(**asked(self._id, prompt))
        except RecursionError:
            raise too_deep(self.name) from None
        except Exception as error:
            raise broken(self.name, error) from None
        finished: FinishReason | None = None
        usage, pieces = Usage(), Pieces()
        try:
            async for chunk in stream:
                if chunk.usage is not None:
                    usage = counted(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                for choice in chunk.choices:
                    if text := pieces.text(choice.delta.content):
                        yield Delta(text)
                    if choice.finish_reason:
                        finished = FinishReason.LENGTH if choice.finish_reason == "length" else FinishReason.STOP
        except Exception as error:
            raise broken(self.name, error) from None
        finally:
            await stream.close()
        if finished is None:
            raise cut_short(self.name)
        yield Finished(finished, usage)

    async def close(self) -> None:
        """Ends the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _ready_client(self) -> AsyncOpenAI:
        if self._client is None:
            sdk = await loaded("openai", self.name)
            where = self._where
            # A kept connection that the server ends in the instant of its next use looks like a server that is gone.
            # Without TLS a new one costs a tenth of a millisecond.
            headers = {"connection": "close"} if where.url.startswith("http://") else {}
            key = where.key or NO_KEY
            client = sdk.AsyncOpenAI(api_key=key, default_headers=headers, **connections(sdk, where.url))
            # The SDK takes them from the environment, which is not ours to pass on.
            client.organization = client.project = None
            self._client = client
        assert self._client is not None
        return self._client


def asked(model: str, prompt: Prompt) -> dict[str, Any]:
    """A prompt in OpenAI's words."""
    words: dict[str, Any] = {
        "model": model,
        "messages": messages(prompt),
        "max_tokens": prompt.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if prompt.temperature is not None:
        words["temperature"] = prompt.temperature
    if prompt.stop:
        words["stop"] = list(prompt.stop)
    if prompt.json_schema:
        schema = {"name": "answer", "schema": json.loads(prompt.json_schema), "strict": True}
        words["response_format"] = {"type": "json_schema", "json_schema": schema}
    return words


def messages(prompt: Prompt) -> Sequence[dict[str, str]]:
    """Who said what."""
    return [{"role": message.role.value, "content": message.text} for message in prompt.messages]
