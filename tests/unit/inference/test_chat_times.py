"""How long Agent-0 took is counted when it answered, and when it was too late to."""

from __future__ import annotations

import asyncio

from prometheus_client import REGISTRY

from services.inference.asking import Context
from services.inference.chat import Chat, Policy
from services.inference.ports import EngineError
from tests.unit.inference.scripted import Scripted, always
from tests.unit.inference.scripted_pool import ScriptedPool, in_json


def counted() -> tuple[float, float]:
    """How many, and their seconds together."""
    count, seconds = (REGISTRY.get_sample_value(f"spark_agent0_seconds_{what}") or 0.0 for what in ("count", "sum"))
    return count, seconds


async def ask(engine: Scripted, timeout_s: float) -> None:
    chat = Chat(ScriptedPool({"": engine}), (), Policy(timeout_s=timeout_s))
    async for _ in chat.answer("What colour is my bike?", Context()):
        pass
    # Voices that were left end behind the answer.
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left)
    await asyncio.sleep(0)


async def test_a_complete_answer_counts_with_its_time() -> None:
    before = counted()
    await ask(Scripted(always(in_json("It is turquoise.", 0.9, "turquoise"))), timeout_s=20.0)
    count, seconds = counted()
    assert count == before[0] + 1
    assert 0 < seconds - before[1] < 5


async def test_one_that_is_too_late_counts_with_the_time_it_was_given() -> None:
    before = counted()
    # Its gate never opens.
    await ask(Scripted(always("never said"), gate=asyncio.Event()), timeout_s=0.2)
    count, seconds = counted()
    assert count == before[0] + 1
    assert 0.1 < seconds - before[1] < 5


async def test_one_that_breaks_says_nothing_about_time() -> None:
    before = counted()
    await ask(Scripted(lambda prompt: EngineError("it broke")), timeout_s=20.0)
    assert counted() == before
