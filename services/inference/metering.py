"""A generation with its money: set aside before, settled after, however it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing

from chassis.faults import StoreUnavailable
from services.inference.model import Delta, Finished, Prompt, Usage
from services.inference.ports import Engine, EngineError
from services.inference.prices import estimate
from services.inference.spending import NOTHING, Spending

log = logging.getLogger(__name__)


class Meter:
    """Generates on an engine and keeps the books. Engines of one's own never wait for them, hosted ones do."""

    def __init__(self, spending: Spending) -> None:
        self._spending = spending
        self._settling: set[asyncio.Task[None]] = set()

    async def generate(
        self, workspace_id: str, engine: Engine, prompt: Prompt, purpose: str
    ) -> AsyncGenerator[Delta | Finished]:
        """What the engine gives. Closing it ends the engine's work; what it took up to there is charged as estimated.

        Raises:
            BudgetExhausted: before the engine is asked.
            StoreUnavailable: before a hosted engine is asked.
            EngineError: as the engine; broken before its first piece it is charged nothing.
        """
        reservation = await self._spending.reserve(workspace_id, engine, prompt, purpose) if engine.hosted else None
        usage: Usage | None = None
        written = 0
        try:
            async with aclosing(as_generator(engine, prompt)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        usage = event.usage if counted(event.usage) else estimate(prompt, written)
                    else:
                        written += len(event.text)
                    yield event
        except EngineError:
            usage = estimate(prompt, written) if written else NOTHING
            raise
        finally:
            took = estimate(prompt, written) if usage is None else usage
            if reservation is not None:
                self._settle(self._spending.settle(reservation, took))
            else:
                self._settle(self._spending.record(workspace_id, engine, prompt, purpose, took))

    async def close(self) -> None:
        """Returns once all that ended is settled."""
        while self._settling:
            await asyncio.gather(*self._settling)

    def _settle(self, settled: Coroutine[object, object, object]) -> None:
        # On its own: whoever closed the generation may be cancelled, and the money would stay held.
        task = asyncio.create_task(settled_or_logged(settled))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)


async def settled_or_logged(settled: Coroutine[object, object, object]) -> None:
    """Waits for the books; what cannot be settled is charged in full once it expires."""
    try:
        await settled
    except StoreUnavailable as error:
        log.warning("a call is not settled", extra={"action": "spend_unsettled", "error": error.message})


def counted(usage: Usage) -> bool:
    """Whether an engine said how many tokens it took."""
    return usage.counted_by_engine or usage.input_tokens + usage.output_tokens > 0


async def as_generator(engine: Engine, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
    """What an engine gives, as something that can be closed."""
    events = engine.generate(prompt)
    try:
        async for event in events:
            yield event
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
