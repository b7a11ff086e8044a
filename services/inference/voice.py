"""One voice: a prompt given to whatever generates, and what came of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from chassis.faults import EngineUnavailable, Fault
from services.inference.model import Delta, FinishReason, Prompt, Usage
from spark.fault.v1 import reason_pb2

TEMPLATE = "template"
"""The engine that only says that there is none."""


class Generates(Protocol):
    """All engines behind one call, in their order of preference."""

    @property
    def has_model(self) -> bool:
        """Whether an engine with a model is ready."""
        ...

    def generate(
        self, prompt: Prompt, engine: str = "", caller_deadline: float | None = None
    ) -> AsyncGenerator[object]:
        """An event that it has begun, `Delta`s, then `Finished` or an event that it broke. Closing it ends the work.

        Raises:
            Fault: before the first event.
        """
        ...


@runtime_checkable
class Began(Protocol):
    """An engine has taken the request."""

    engine: str
    model: str


@runtime_checkable
class Ended(Protocol):
    """The generation is over."""

    usage: Usage


@runtime_checkable
class Complete(Ended, Protocol):
    """It came to its end."""

    reason: FinishReason


@runtime_checkable
class Broken(Ended, Protocol):
    """It broke on the way; what came before it is no answer. `reason` is a name of spark.fault.v1.Reason."""

    reason: str
    message: str


@dataclass
class Utterance:
    """What a voice has said so far."""

    text: str = ""
    engine: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    cost: int = 0
    """Millionths of a US dollar."""
    complete: bool = False
    cut: bool = False
    """Whether its tokens ran out."""


async def listen(
    generates: Generates, prompt: Prompt, engine: str, deadline: float, into: Utterance
) -> AsyncGenerator[str]:
    """The pieces of what a voice says; `into` knows the rest. Closing it ends the engine's work.

    Raises:
        Fault: when no engine with a model took it, or it broke on the way.
    """
    async with aclosing(generates.generate(prompt, engine, deadline)) as events:
        async for event in events:
            if isinstance(event, Delta):
                into.text += event.text
                yield event.text
            elif isinstance(event, Began):
                into.engine, into.model = event.engine, event.model
                if event.engine == TEMPLATE:
                    raise EngineUnavailable("no language model is ready")
            elif isinstance(event, Ended):
                into.usage = event.usage
                into.cost = getattr(event.usage, "cost_micro_usd", 0)
                if isinstance(event, Broken):
                    raise broken(event)
                into.complete = True
                into.cut = isinstance(event, Complete) and event.reason is FinishReason.LENGTH


def broken(event: Broken) -> Fault:
    """The fault that an event tells of."""
    fault = EngineUnavailable(event.message)
    if event.reason in reason_pb2.Reason.keys():  # noqa: SIM118
        fault.reason = reason_pb2.Reason.Value(event.reason)
    return fault
