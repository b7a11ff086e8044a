"""What the use cases need of an engine, whatever stands behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol, runtime_checkable

from services.inference.model import Capabilities, Delta, Finished, Prompt, Usage


class EngineError(Exception):
    """An engine could not do what was asked; the message is safe to show and names no key.

    `transient` says whether the same may succeed elsewhere or later; `overloaded` whether the engine turned it away for
    want of room; `gone` whether what stands behind it cannot be reached any more.
    """

    def __init__(self, message: str, *, transient: bool = True, overloaded: bool = False, gone: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.transient = transient
        self.overloaded = overloaded
        self.gone = gone


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
        """Reaches or starts what stands behind it; returns once it would take a request. Called again after a failure.

        Raises:
            EngineError: when that is not to be had.
        """
        ...

    def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """One completion: pieces, then exactly one `Finished`. Closing it ends the work on the engine's side.

        Raises:
            EngineError: before or after the first piece.
        """
        ...

    async def close(self) -> None:
        """Ends what it started."""
        ...


@runtime_checkable
class Mortal(Protocol):
    """An engine that knows when what stands behind it has ended."""

    async def ended(self) -> str:
        """Waits until it has, and tells how."""
        ...


class Reservation(Protocol):
    """What is held of the budget for one generation; nothing for an engine of one's own."""

    async def settle(self, usage: Usage) -> int:
        """Books what it took and gives the rest back; millionths of a US dollar."""
        ...


class Spending(Protocol):
    """The books, asked before each generation of an engine with a model."""

    async def reserve(self, engine: Engine, prompt: Prompt) -> Reservation:
        """Holds what the generation may cost at most.

        Raises:
            BudgetExhausted: when that is more than is left.
            StoreUnavailable: when that cannot be known.
        """
        ...
