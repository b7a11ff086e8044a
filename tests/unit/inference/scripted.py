"""An engine that says what it is told to: for tests of what is composed around engines, not of engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from services.inference.model import Capabilities, Delta, Finished, FinishReason, Prompt, Usage
from services.inference.ports import EngineError

BUSY_S = 1.0
"""What a machine with other work to do may add to a deadline, where the other one is far away."""
Script = Callable[[Prompt], "str | EngineError"]


@dataclass
class Scripted:
    """Answers each prompt by its script, in pieces; counts what was asked of it, and what was ended early."""

    script: Script
    name: str = "scripted"
    kind: str = "openai"
    model: str = "gpt-4o-mini"
    hosted: bool = True
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(json_schema=True))
    usage: Usage = field(default_factory=lambda: Usage(100, 20, counted_by_engine=True))
    gate: asyncio.Event | None = None
    """Where there is one, answers wait for it."""
    asked: list[Prompt] = field(default_factory=list[Prompt])
    ended_early: int = 0

    async def start(self) -> None:
        """Nothing stands behind it."""

    async def close(self) -> None:
        """Nothing stands behind it."""

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """By the script."""
        self.asked.append(prompt)
        done = False
        try:
            if self.gate is not None:
                await self.gate.wait()
            said = self.script(prompt)
            if isinstance(said, EngineError):
                done = True
                raise said
            for piece in in_pieces(said):
                yield Delta(piece)
                await asyncio.sleep(0)  # Others have their turn, as between pieces that come over a wire.
            done = True
            yield Finished(FinishReason.STOP, self.usage)
        finally:
            self.ended_early += not done


def in_pieces(text: str, size: int = 5) -> Sequence[str]:
    """A text in pieces as they come from an engine."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def always(text: str) -> Script:
    """The same answer to everything."""
    return lambda prompt: text
