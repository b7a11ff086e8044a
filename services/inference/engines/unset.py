"""An engine that is named in the order of preference, and for which nothing is set."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from services.inference.model import Capabilities, Delta, Finished, Prompt
from services.inference.ports import EngineError

NEEDS: Mapping[str, str] = {
    "openai": "SPARK_INFERENCE_OPENAI_URL",
    "anthropic": "SPARK_INFERENCE_ANTHROPIC_MODEL and SPARK_INFERENCE_ANTHROPIC_KEY",
    "llama_cpp": "SPARK_INFERENCE_GGUF",
    "trtllm": "SPARK_INFERENCE_TRTLLM_URL or SPARK_INFERENCE_TRTLLM_MODEL",
}


class Unset:
    """Stands in its place and says what is missing."""

    model = ""
    hosted = False
    capabilities = Capabilities(streaming=False, json_schema=False, abort=False, usage=False)

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = name

    async def start(self) -> None:
        """Never works.

        Raises:
            EngineError: always.
        """
        raise EngineError(f"{self.name} is not configured: set {NEEDS[self.name]}")

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """Never works."""
        raise EngineError(f"{self.name} is not configured: set {NEEDS[self.name]}")
        yield

    async def close(self) -> None:
        """There is nothing to end."""
