"""Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.inference.engines.heard import Pieces, counted
from services.inference.engines.refusals import broken, cut_short, too_deep
from services.inference.engines.sdk import connections, loaded
from services.inference.model import Capabilities, Delta, Finished, FinishReason, Prompt, Role
from services.inference.ports import EngineError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

OWN_URL = "https://api.anthropic.com"
"""Said outright: the SDK takes another from the environment of an agent that runs beside us."""
HOTTEST = 1.0
"""Its temperatures end there."""


@dataclass(frozen=True)
class Account:
    """Which model, and who asks. `key` is left out of every text of this object."""

    model: str
    key: str
    url: str = ""

    def __repr__(self) -> str:
        """Without the key."""
        return f"Account({self.model!r})"


class AnthropicMessages:
    """One model of Anthropic's."""

    name = "anthropic"
    kind = "anthropic"
    hosted = True
    capabilities = Capabilities(json_schema=True)

    def __init__(self, account: Account) -> None:
        self.model = account.model
        self._account = account
        self._client: AsyncAnthropic | None = None

    async def start(self) -> None:
        """Makes the client; that the key and the model are good, the warm-up shows.

        Raises:
            EngineError: when the SDK is missing, or no key is set.
        """
        await self._ready_client()

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """One message as a stream of events; closing it closes the connection."""
        if prompt.temperature is not None and prompt.temperature > HOTTEST:
            raise EngineError(f"{self.name} takes temperatures up to {HOTTEST:g}", transient=False)
        create: Any = (await self._ready_client()).messages.create
        try:
            stream: Any = await create(**asked(self.model, prompt))
        except RecursionError:
            raise too_deep(self.name) from None
        except Exception as error:
            raise broken(self.name, error) from None
        read: object = None
        written: object = None
        finished: object = None
        pieces = Pieces()
        try:
            async for event in stream:
                if event.type == "message_start":
                    read = event.message.usage.input_tokens
                elif event.type == "content_block_delta" and event.delta.type == "text_delta":
                    if text := pieces.text(event.delta.text):
                        yield Delta(text)
                elif event.type == "message_delta":
                    written = event.usage.output_tokens
                    finished = event.delta.stop_reason
        except Exception as error:
            raise broken(self.name, error) from None
        finally:
            await stream.close()
        if finished is None:
            raise cut_short(self.name)
        reason = FinishReason.LENGTH if finished == "max_tokens" else FinishReason.STOP
        yield Finished(reason, counted(read, written))

    async def close(self) -> None:
        """Ends the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _ready_client(self) -> AsyncAnthropic:
        if self._client is None:
            if not self._account.key:
                raise EngineError(f"{self.name} has no key: set SPARK_INFERENCE_ANTHROPIC_KEY")
            sdk = await loaded("anthropic", self.name)
            reached = connections(sdk, self._account.url or OWN_URL)
            self._client = sdk.AsyncAnthropic(api_key=self._account.key, **reached)
        assert self._client is not None
        return self._client


def asked(model: str, prompt: Prompt) -> dict[str, Any]:
    """A prompt in Anthropic's words: the frame stands beside the conversation."""
    frame = "\n\n".join(message.text for message in prompt.messages if message.role is Role.SYSTEM)
    spoken = [
        {"role": message.role.value, "content": message.text}
        for message in prompt.messages
        if message.role is not Role.SYSTEM
    ]
    words: dict[str, Any] = {
        "model": model,
        "messages": spoken,
        "max_tokens": prompt.max_tokens,
        "stream": True,
    }
    if frame:
        words["system"] = frame
    if prompt.temperature is not None:
        # The SDK has no word for it any more; models that take none refuse the request.
        words["extra_body"] = {"temperature": prompt.temperature}
    if prompt.stop:
        words["stop_sequences"] = list(prompt.stop)
    if prompt.json_schema:
        words["output_config"] = {"format": {"type": "json_schema", "schema": json.loads(prompt.json_schema)}}
    return words
