"""Whatever the budget says, everybody is answered. Engines are scripted, Postgres is real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal

import pytest

from chassis.database import Database
from chassis.faults import EngineUnavailable
from services.inference.answers import Answer
from services.inference.asking import Context
from services.inference.chat import Chat, Policy
from services.inference.model import Delta, Finished, Prompt
from services.inference.prices import Price
from services.inference.specialists import read_specialists
from services.inference.spending import Spending
from services.inference.synthesis import Mode, Synthesizer
from tests.integration.inference_spending.conftest import SetClock
from tests.unit.inference.scripted import Script, Scripted, always
from tests.unit.inference.scripted_pool import in_json

pytestmark = pytest.mark.usefixtures("calling")

AT_ONCE = 50
TEXT = "`tool --old` failed here before (flag not known); what worked: `tool --new`."
WORDS = "Use `tool --new`, since `tool --old` failed here before."
BUDGET = 20_000
"""Millionths of a dollar; a call holds some 2,000 of them."""


class Bookkeeping:
    """One hosted engine behind the books, as a pool has it."""

    has_model = True

    def __init__(self, script: Script, books: Spending) -> None:
        self.engine = Scripted(script, model="dear")
        self._books = books

    async def generate(
        self, prompt: Prompt, engine: str = "", caller_deadline: float | None = None
    ) -> AsyncGenerator[Delta | Finished]:
        if engine:
            raise EngineUnavailable(f"there is no engine {engine!r} here")
        reservation = await self._books.reserve(self.engine, prompt)
        try:
            async with aclosing(self.engine.generate(prompt)) as events:
                async for event in events:
                    yield event
        finally:
            await reservation.settle(self.engine.usage)


@pytest.fixture
def books(database: Database, clock: SetClock) -> Spending:
    return Spending(database, clock, BUDGET, {"dear": Price(Decimal(1), Decimal(4))})


async def test_all_who_ask_for_words_get_some_and_the_budget_holds(books: Spending) -> None:
    pool = Bookkeeping(always(json.dumps({"advice": WORDS})), books)
    words = Synthesizer(pool, Mode.AUTO, timeout_s=30)
    found = await asyncio.gather(*(words.words(TEXT, (f"case {at}",)) for at in range(AT_ONCE)))
    await books.booked()
    spend = await books.today("local")
    by_model = [held for held in found if held.by_model]
    kept = [held for held in found if held.kept_because == "budget"]
    assert {held.text for held in by_model} == {WORDS}
    assert {held.text for held in kept} == {TEXT}
    assert len(by_model) + len(kept) == AT_ONCE
    assert (spend.calls, spend.refused) == (len(by_model), len(kept))
    assert by_model
    assert kept
    assert spend.spent <= BUDGET


async def test_all_who_chat_are_answered_and_the_budget_holds(books: Spending) -> None:
    pool = Bookkeeping(always(in_json("Yes.", 0.3, "yes")), books)
    chat = Chat(pool, read_specialists("reasoning,code,logic,knowledge"), Policy(timeout_s=60))

    async def answer() -> Answer:
        events = [event async for event in chat.answer("Is it so?", Context())]
        assert isinstance(events[-1], Answer)
        return events[-1]

    found = await asyncio.gather(*(answer() for _ in range(AT_ONCE)))
    await books.booked()
    spend = await books.today("local")
    assert len(found) == AT_ONCE
    assert all(held.text for held in found)
    assert any(held.by == "deterministic" and "budget" in held.without_engine for held in found)
    assert any(held.by == "council" for held in found)
    assert spend.spent <= BUDGET
    assert spend.reserved == 0
