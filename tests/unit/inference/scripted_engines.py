"""Engines that do what a test says, one generation after another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from chassis.faults import Fault
from chassis.identifiers import new_ulid
from services.inference.kept import WARM_UP, Kept, Limits
from services.inference.model import (
    Capabilities,
    Delta,
    Event,
    Failed,
    Finished,
    FinishReason,
    Message,
    Prompt,
    Role,
    Usage,
)
from services.inference.pool import Pool
from services.inference.ports import EngineError

USAGE = Usage(3, 2, counted_by_engine=True)
END = Finished(FinishReason.STOP, USAGE)
HANGS = "hangs"

Step = str | EngineError | Finished
WORKS: tuple[Step, ...] = ("one ", "two", END)


@dataclass
class Scripted:
    """Plays `scripts` in turn and the last for ever; a text is a piece, `HANGS` waits for ever."""

    name: str = "one"
    scripts: Sequence[Sequence[Step]] = (WORKS,)
    kind: str = "openai"
    model: str = "scripted"
    hosted: bool = False
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(json_schema=True))
    starts: list[EngineError | None] = field(default_factory=list[EngineError | None])
    """What its starts end in; the last for ever."""
    gate: asyncio.Event | None = None
    """Where there is one, starts wait for it."""
    asked: int = 0
    warmed: int = 0
    running: int = 0

    async def start(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        error = (self.starts.pop(0) if len(self.starts) > 1 else self.starts[0]) if self.starts else None
        if error is not None:
            raise error

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        if prompt is WARM_UP:
            self.warmed += 1
            yield END
            return
        script = self.scripts[min(self.asked, len(self.scripts) - 1)]
        self.asked += 1
        self.running += 1
        try:
            for step in script:
                if isinstance(step, EngineError):
                    raise step
                if step == HANGS:
                    await asyncio.Event().wait()
                yield Delta(step) if isinstance(step, str) else step
        finally:
            self.running -= 1

    async def close(self) -> None:
        """There is nothing to end."""


def asked(**fields: object) -> Prompt:
    """A prompt of its own id."""
    return Prompt(new_ulid(), (Message(Role.USER, "hello"),), 16, **fields)  # pyright: ignore[reportArgumentType]


async def ready_pool(*engines: Scripted, limits: Limits | None = None, **more: object) -> Pool:
    """A pool of these, all ready."""
    pool = Pool([Kept(engine, limits or Limits()) for engine in engines], 60.0, **more)  # pyright: ignore[reportArgumentType]
    pool.begin()
    for kept in pool.kept:
        await kept.settled()
    return pool


async def outcome(pool: Pool, prompt: Prompt | None = None, engine: str = "", deadline: float | None = None) -> str:
    """How a generation ends, in a few words: the engine's name with the text, or the reason."""
    told: list[Event] = []
    try:
        told.extend([event async for event in pool.generate(prompt or asked(), engine, deadline)])
    except Fault as fault:
        assert told == []
        return type(fault).__name__
    last = told[-1]
    if isinstance(last, Failed):
        return last.reason
    assert isinstance(last, Finished)
    started = told[0]
    text = "".join(event.text for event in told if isinstance(event, Delta))
    return f"{getattr(started, 'engine', '')}: {text}" + (" (aborted)" if last.reason is FinishReason.ABORTED else "")
