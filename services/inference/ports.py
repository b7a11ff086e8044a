"""What the use cases need of an engine, whatever stands behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from services.inference.model import Capabilities, Delta, Finished, Prompt


class EngineError(Exception):
    """An engine could not do what was asked; the message is safe to show and names no key.

    `transient` says whether the same may succeed elsewhere or later; `overloaded` whether the engine turned it away for
    want of room.
    """

    def __init__(self, message: str, *, transient: bool = True, overloaded: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.transient = transient
        self.overloaded = overloaded


class Engine(Protocol):
    """One engine with one model. Several generations may run at once."""

    @property
    def name(self) -> str:
        """Its name in the order of preference."""
        ...

    @property
    def kind(self) -> str:
        """template, openai, anthropic, llama_cpp or trtllm."""
        ...

    @property
    def model(self) -> str:
        """The model that it serves."""
        ...

    @property
    def hosted(self) -> bool:
        """Whether each call costs money."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it honours."""
        ...

    async def start(self) -> None:
        """Reaches or starts what stands behind it; returns once it would take a request.

        Raises:
            EngineError: when that is not to be had.
        """
        ...

    def generate(self, prompt: Prompt) -> AsyncIterator[Delta | Finished]:
        """One completion: pieces, then exactly one `Finished`. Closing the iterator ends the work on the engine's side.

        Raises:
            EngineError: before or after the first piece.
        """
        ...

    async def close(self) -> None:
        """Ends what it started."""
        ...
