"""What is spent on hosted engines stays within the day's budget. Engines are scripted, Postgres is real."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal

import pytest

from chassis.database import Database
from chassis.faults import BudgetExhausted, StoreUnavailable
from chassis.identifiers import new_ulid
from services.inference.metering import Meter
from services.inference.model import Delta, Finished, Message, Prompt, Role, Usage
from services.inference.ports import EngineError
from services.inference.prices import Price, most
from services.inference.spending import EXPIRES_AFTER, KEPT_FOR, Spending
from tests.integration.inference_spending.conftest import NOON, SetClock
from tests.unit.inference.scripted import Scripted, always

WORKSPACE = "local"
AT_ONCE = 50
SECRET = "what-was-asked-is-nowhere-in-the-books"
PRICE = Price(Decimal(1), Decimal(4))
PRICES = {"dear": PRICE}


def prompt() -> Prompt:
    return Prompt(new_ulid(), (Message(Role.USER, SECRET),), max_tokens=160)


HELD = most(prompt(), PRICE)
USAGE = Usage(100, 20, counted_by_engine=True)
COST = PRICE.of(100, 20)


def dear(said: str = "an answer", usage: Usage = USAGE) -> Scripted:
    return Scripted(always(said), model="dear", usage=usage)


def spending(database: Database, clock: SetClock, budget: int) -> Spending:
    return Spending(database, clock, budget, PRICES)


async def answered(meter: Meter, engine: Scripted) -> bool:
    """Whether the engine answered, which the budget may forbid."""
    try:
        async with aclosing(meter.generate(WORKSPACE, engine, prompt(), "chat")) as events:
            return [event async for event in events][-1:] != []
    except BudgetExhausted:
        return False


async def test_fifty_at_once_stop_exactly_at_the_budget(
    database: Database, other_database: Database, clock: SetClock
) -> None:
    engine = dear(usage=Usage(HELD - 160 * 4, 160, counted_by_engine=True))
    engine.gate = asyncio.Event()
    books = [spending(held, clock, 10 * HELD + HELD - 1) for held in (database, other_database)]
    meters = [Meter(book) for book in books]
    asking = [asyncio.create_task(answered(meters[at % 2], engine)) for at in range(AT_ONCE)]
    while (await books[0].today(WORKSPACE)).refused < AT_ONCE - 10:
        await asyncio.sleep(0)
    held = await books[0].today(WORKSPACE)
    assert (held.spent, held.reserved) == (0, 10 * HELD)
    engine.gate.set()
    assert sum(await asyncio.gather(*asking)) == 10 == len(engine.asked)
    await asyncio.gather(*(meter.close() for meter in meters))
    spend = await books[1].today(WORKSPACE)
    assert (spend.spent, spend.reserved, spend.calls, spend.refused) == (10 * HELD, 0, 10, 40)
    assert not await answered(meters[0], engine)


async def test_what_a_call_did_not_use_can_be_spent_again(database: Database, clock: SetClock) -> None:
    budget = 3 * HELD
    books = spending(database, clock, budget)
    meter = Meter(books)
    engine, count = dear(), 0
    while await answered(meter, engine):
        await meter.close()
        count += 1
    spend = await books.today(WORKSPACE)
    assert spend.spent == count * COST
    assert budget - HELD < spend.spent <= budget
    assert (spend.calls, spend.refused, spend.reserved, spend.budget) == (count, 1, 0, budget)


async def test_the_budget_holds_at_every_moment(database: Database, clock: SetClock) -> None:
    budget = 20 * HELD
    books = spending(database, clock, budget)
    meter = Meter(books)
    seen: list[int] = []

    async def keep_asking() -> None:
        while await answered(meter, dear()):
            spend = await books.today(WORKSPACE)
            seen.append(spend.spent + spend.reserved)

    await asyncio.gather(*(keep_asking() for _ in range(AT_ONCE)))
    await meter.close()
    spend = await books.today(WORKSPACE)
    assert max(seen) <= budget
    assert spend.spent == spend.calls * COST <= budget
    assert spend.reserved == 0


async def test_a_call_whose_process_died_is_charged_once_it_is_given_up(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, HELD)
    lost = await books.reserve(WORKSPACE, dear(), prompt(), "chat")
    clock.time += EXPIRES_AFTER - timedelta(seconds=1)
    assert (await books.today(WORKSPACE)).reserved == HELD
    clock.time += timedelta(seconds=1)
    spend = await books.today(WORKSPACE)
    assert (spend.spent, spend.reserved, spend.calls) == (HELD, 0, 1)
    with pytest.raises(BudgetExhausted):
        await books.reserve(WORKSPACE, dear(), prompt(), "chat")
    # It was only slow: what it took is known after all.
    for _ in range(2):
        assert await books.settle(lost, USAGE) == COST
        spend = await books.today(WORKSPACE)
        assert (spend.spent, spend.reserved, spend.calls) == (COST, 0, 1)


async def test_a_call_is_charged_once_and_to_the_day_on_which_it_began(database: Database, clock: SetClock) -> None:
    clock.time = NOON.replace(hour=23, minute=59)
    books = spending(database, clock, HELD)
    reserved = await books.reserve(WORKSPACE, dear(), prompt(), "chat")
    clock.time += timedelta(minutes=2)
    spend = await books.today(WORKSPACE)
    assert (spend.spent, spend.reserved) == (0, 0)
    tomorrow = await books.reserve(WORKSPACE, dear(), prompt(), "chat")
    for _ in range(2):
        await books.settle(reserved, USAGE)
    assert (await books.today(WORKSPACE)).reserved == HELD
    await books.settle(tomorrow, USAGE)
    async with database.connection() as connection:
        rows = await connection.fetch("select spent, reserved, calls from inference.day order by day")
    assert [tuple(row) for row in rows] == [(COST, 0, 1), (COST, 0, 1)]


async def test_workspaces_have_budgets_of_their_own(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, HELD)
    await books.reserve("one", dear(), prompt(), "chat")
    await books.reserve("other", dear(), prompt(), "chat")
    with pytest.raises(BudgetExhausted):
        await books.reserve("one", dear(), prompt(), "chat")
    assert (await books.today("other")).refused == 0


async def test_each_call_is_recorded_without_a_word_of_it(database: Database, clock: SetClock) -> None:
    meter = Meter(spending(database, clock, 10 * HELD))
    own = Scripted(always("a private answer"), name="own", model="small", hosted=False, usage=Usage(7, 3))
    assert await answered(meter, dear("a private answer"))
    assert await answered(meter, own)
    await meter.close()
    async with database.connection() as connection:
        rows = await connection.fetch("select * from inference.call order by hosted desc")
    assert [
        (row["purpose"], row["engine"], row["model"], row["input_tokens"], row["output_tokens"], row["cost"], row["at"])
        for row in rows
    ] == [("chat", "scripted", "dear", 100, 20, COST, NOON), ("chat", "own", "small", 7, 3, 0, NOON)]
    assert all(len(row["request_id"]) == 26 for row in rows)
    assert SECRET not in str(rows)
    assert "private" not in str(rows)


async def test_what_is_closed_early_or_breaks_is_charged_for_what_it_took(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, 10 * HELD)
    meter = Meter(books)
    engine = dear("a long answer of many words")
    async with aclosing(meter.generate(WORKSPACE, engine, prompt(), "chat")) as events:
        assert isinstance(await anext(events), Delta)
    await meter.close()
    assert engine.ended_early == 1
    part = (await books.today(WORKSPACE)).spent
    assert 0 < part < COST

    broken = Scripted(lambda asked: EngineError("it broke"), model="dear")
    with pytest.raises(EngineError):
        await answered(meter, broken)
    await meter.close()
    spend = await books.today(WORKSPACE)
    assert (spend.spent, spend.reserved, spend.calls) == (part, 0, 2)


async def test_a_call_that_is_cancelled_holds_nothing(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, 10 * HELD)
    meter = Meter(books)
    engine = dear()
    engine.gate = asyncio.Event()
    asking = asyncio.create_task(answered(meter, engine))
    while not engine.asked:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await meter.close()
    spend = await books.today(WORKSPACE)
    assert spend.reserved == 0
    assert 0 < spend.spent < COST


async def test_without_the_books_nothing_is_spent_and_engines_of_ones_own_go_on(
    database: Database, clock: SetClock
) -> None:
    meter = Meter(spending(database, clock, 10 * HELD))
    await database.close()
    engine = dear()
    with pytest.raises(StoreUnavailable):
        await answered(meter, engine)
    assert engine.asked == []
    own = Scripted(always("yes"), hosted=False)
    async with aclosing(meter.generate(WORKSPACE, own, prompt(), "chat")) as events:
        assert isinstance([event async for event in events][-1], Finished)
    await meter.close()


async def test_old_calls_are_dropped_as_days_begin(database: Database, clock: SetClock) -> None:
    meter = Meter(spending(database, clock, 10 * HELD))
    for days in (0, KEPT_FOR.days, KEPT_FOR.days + 1):
        clock.time = NOON + timedelta(days=days)
        await answered(meter, dear())
        await meter.close()
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from inference.call") == 2
        assert await connection.fetchval("select count(*) from inference.day") == 2
