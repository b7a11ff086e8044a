"""One voice: a prompt given to whatever generates, and what came of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from chassis.faults import EngineUnavailable, Fault
from services.inference.model import Delta, Event, Failed, Finished, FinishReason, Prompt, Started, Usage
from spark.fault.v1 import reason_pb2

TEMPLATE = "template"
"""The engine that only says that there is none."""


class Generates(Protocol):
    """All engines behind one call, in their order of preference."""

    @property
    def has_model(self) -> bool:
        """Whether an engine with a model is ready."""
        ...

    def generate(self, prompt: Prompt, engine: str = "", caller_deadline: float | None = None) -> AsyncGenerator[Event]:
        """`Started`, then `Delta`s, then `Finished` or `Failed`. Closing it ends the work.

        Raises:
            Fault: before the first event.
        """
        ...


@dataclass
class Utterance:
    """What a voice has said so far."""

    text: str = ""
    engine: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
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
            match event:
                case Started():
                    into.engine, into.model = event.engine, event.model
                    if event.engine == TEMPLATE:
                        raise EngineUnavailable("no language model is ready")
                case Delta():
                    into.text += event.text
                    yield event.text
                case Finished():
                    into.usage = event.usage
                    into.complete = True
                    into.cut = event.reason is FinishReason.LENGTH
                case Failed():
                    into.usage = event.usage
                    raise broken(event)


def broken(event: Failed) -> Fault:
    """The fault that an event tells of."""
    fault = EngineUnavailable(event.message)
    if event.reason in reason_pb2.Reason.keys():  # noqa: SIM118
        fault.reason = reason_pb2.Reason.Value(event.reason)
    return fault
