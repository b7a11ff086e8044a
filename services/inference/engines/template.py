"""The engine that needs nothing and pretends nothing: it says that there is no model."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from services.inference.estimates import CHARS_PER_TOKEN, tokens_in
from services.inference.model import Capabilities, Delta, Finished, FinishReason, Prompt, Usage

NAME = "template"
TEXT = (
    "No language model is available here, so nothing has been generated. "
    "Name one in SPARK_INFERENCE_OPENAI_URL, SPARK_INFERENCE_ANTHROPIC_MODEL, SPARK_INFERENCE_GGUF or "
    "SPARK_INFERENCE_TRTLLM_MODEL; `spark settings` tells what each of them is."
)


class Template:
    """Answers every prompt with the same words, cut where the request says."""

    name = NAME
    kind = NAME
    model = "none"
    hosted = False
    capabilities = Capabilities(json_schema=False, usage=False)

    async def start(self) -> None:
        """There is nothing to start."""

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """The words, one by one."""
        text, reason = ended(TEXT, prompt)
        words = text.split(" ")
        for number, word in enumerate(words):
            yield Delta(word if number == 0 else f" {word}")
        yield Finished(reason, Usage(output_tokens=tokens_in(len(text))))

    async def close(self) -> None:
        """There is nothing to end."""


def ended(text: str, prompt: Prompt) -> tuple[str, FinishReason]:
    """The text up to the first stop text, and no longer than asked for by the same estimate that counts its tokens."""
    places = [place for stop in prompt.stop if (place := text.find(stop)) >= 0]
    stopped = text[: min(places)] if places else text
    if tokens_in(len(stopped)) > prompt.max_tokens:
        return stopped[: CHARS_PER_TOKEN * prompt.max_tokens], FinishReason.LENGTH
    return stopped, FinishReason.STOP
