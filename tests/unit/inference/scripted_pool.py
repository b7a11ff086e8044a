"""Scripted engines behind one call, with the events that a pool gives: plumbing, no measure of any answer's worth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from chassis.faults import BudgetExhausted, DeadlineExceeded, EngineUnavailable, Unsupported
from services.inference.model import Event, Failed, Finished, Prompt, Started, Usage
from services.inference.ports import EngineError
from services.inference.prices import price_of
from tests.unit.inference.scripted import Scripted


@dataclass
class ScriptedPool:
    """Engines by their names; the empty name is the preferred one's."""

    engines: Mapping[str, Scripted]
    has_model: bool = True
    broke: bool = False
    """Whether the budget is spent."""
    asked: list[str] = field(default_factory=list[str])
    """The engine of each generation, in order."""

    async def generate(
        self, prompt: Prompt, engine: str = "", caller_deadline: float | None = None
    ) -> AsyncGenerator[Event]:
        """As a pool does."""
        serving = self.engines.get(engine)
        if serving is None:
            raise EngineUnavailable("no engine is ready")
        if prompt.json_schema and not serving.capabilities.json_schema:
            raise Unsupported("no engine here obeys a JSON schema")
        if self.broke and serving.hosted:
            raise BudgetExhausted("the day's budget is spent")
        self.asked.append(engine)
        begun = False
        try:
            async with asyncio.timeout_at(caller_deadline), aclosing(serving.generate(prompt)) as events:
                async for event in events:
                    if not begun:
                        begun = True
                        yield Started(serving.name, serving.model, 0.0)
                    yield costed(event, serving) if isinstance(event, Finished) else event
        except EngineError as error:
            if not begun:
                raise EngineUnavailable(error.message) from None
            yield Failed("REASON_ENGINE_UNAVAILABLE", error.message, Usage())
        except TimeoutError:
            if not begun:
                raise DeadlineExceeded("the generation did not end in time") from None
            yield Failed("REASON_DEADLINE_EXCEEDED", "the generation did not end in time", Usage())


def costed(event: Finished, engine: Scripted) -> Finished:
    """An end with its cost."""
    took = event.usage
    cost = price_of(engine.model, {}).of(took.input_tokens, took.output_tokens) if engine.hosted else 0
    return replace(event, usage=replace(took, cost_micro_usd=cost))


def in_json(answer: str, confidence: float, verdict: str = "", risk: str = "") -> str:
    """A voice as its schema has it."""
    return json.dumps({"confidence": confidence, "verdict": verdict, "risk": risk, "answer": answer})
