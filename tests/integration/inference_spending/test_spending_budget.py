"""What is spent on hosted engines stays within the day's budget. Engines are scripted, Postgres is real."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal

import pytest

from chassis.calls import CallContext, current_call
from chassis.database import Database
from chassis.faults import BudgetExhausted, StoreUnavailable
from chassis.identifiers import new_ulid
from services.inference.estimates import estimated
from services.inference.model import Finished, Message, Prompt, Role, Usage
from services.inference.prices import Price, most
from services.inference.spending import EXPIRES_AFTER, KEPT_FOR, Spending, purpose
from tests.integration.inference_spending.conftest import NOON, SetClock
from tests.unit.inference.scripted import Scripted, always

pytestmark = pytest.mark.usefixtures("calling")

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


async def answered(books: Spending, engine: Scripted) -> bool:
    """Whether the engine answered, which the budget may forbid; asked as a pool does."""
    asked = prompt()
    usage = estimated(asked, 0)
    try:
        reservation = await books.reserve(engine, asked)
    except BudgetExhausted:
        return False
    try:
        async with aclosing(engine.generate(asked)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    usage = event.usage
    finally:
        await reservation.settle(usage)
    return True


async def test_fifty_at_once_stop_exactly_at_the_budget(
    database: Database, other_database: Database, clock: SetClock
) -> None:
    engine = dear(usage=Usage(HELD - 160 * 4, 160, counted_by_engine=True))
    engine.gate = asyncio.Event()
    books = [spending(held, clock, 10 * HELD + HELD - 1) for held in (database, other_database)]
    asking = [asyncio.create_task(answered(books[at % 2], engine)) for at in range(AT_ONCE)]
    while (await books[0].today(WORKSPACE)).refused < AT_ONCE - 10:
        await asyncio.sleep(0)
    held = await books[0].today(WORKSPACE)
    assert (held.spent, held.reserved) == (0, 10 * HELD)
    engine.gate.set()
    assert sum(await asyncio.gather(*asking)) == 10 == len(engine.asked)
    await asyncio.gather(*(held.booked() for held in books))
    spend = await books[1].today(WORKSPACE)
    assert (spend.spent, spend.reserved, spend.calls, spend.refused) == (10 * HELD, 0, 10, 40)
    assert not await answered(books[0], engine)


async def test_what_a_call_did_not_use_can_be_spent_again(database: Database, clock: SetClock) -> None:
    budget = 3 * HELD
    books = spending(database, clock, budget)
    engine, count = dear(), 0
    while await answered(books, engine):
        await books.booked()
        count += 1
    spend = await books.today(WORKSPACE)
    assert spend.spent == count * COST
    assert budget - HELD < spend.spent <= budget
    assert (spend.calls, spend.refused, spend.reserved, spend.budget) == (count, 1, 0, budget)


async def test_the_budget_holds_at_every_moment(database: Database, clock: SetClock) -> None:
    budget = 20 * HELD
    books = spending(database, clock, budget)
    seen: list[int] = []

    async def keep_asking() -> None:
        while await answered(books, dear()):
            spend = await books.today(WORKSPACE)
            seen.append(spend.spent + spend.reserved)

    await asyncio.gather(*(keep_asking() for _ in range(AT_ONCE)))
    await books.booked()
    spend = await books.today(WORKSPACE)
    assert max(seen) <= budget
    assert spend.spent == spend.calls * COST <= budget
    assert spend.reserved == 0


async def test_a_call_whose_process_died_is_charged_once_it_is_given_up(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, HELD)
    lost = await books.reserve(dear(), prompt())
    clock.time += EXPIRES_AFTER - timedelta(seconds=1)
    assert (await books.today(WORKSPACE)).reserved == HELD
    clock.time += timedelta(seconds=1)
    spend = await books.today(WORKSPACE)
    assert (spend.spent, spend.reserved, spend.calls) == (HELD, 0, 1)
    with pytest.raises(BudgetExhausted):
        await books.reserve(dear(), prompt())
    # It was only slow: what it took is known after all.
    for _ in range(2):
        assert await lost.settle(USAGE) == COST
        await books.booked()
        spend = await books.today(WORKSPACE)
        assert (spend.spent, spend.reserved, spend.calls) == (COST, 0, 1)


async def test_a_call_is_charged_once_and_to_the_day_on_which_it_began(database: Database, clock: SetClock) -> None:
    clock.time = NOON.replace(hour=23, minute=59)
    books = spending(database, clock, HELD)
    reserved = await books.reserve(dear(), prompt())
    clock.time += timedelta(minutes=2)
    spend = await books.today(WORKSPACE)
    assert (spend.spent, spend.reserved) == (0, 0)
    tomorrow = await books.reserve(dear(), prompt())
    for _ in range(2):
        await reserved.settle(USAGE)
        await books.booked()
    assert (await books.today(WORKSPACE)).reserved == HELD
    await tomorrow.settle(USAGE)
    await books.booked()
    async with database.connection() as connection:
        rows = await connection.fetch("select spent, reserved, calls from inference.day order by day")
    assert [tuple(row) for row in rows] == [(COST, 0, 1), (COST, 0, 1)]


async def test_workspaces_have_budgets_of_their_own(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, HELD)
    await books.reserve(dear(), prompt())
    current_call.set(CallContext("test", "another"))
    await books.reserve(dear(), prompt())
    with pytest.raises(BudgetExhausted):
        await books.reserve(dear(), prompt())
    assert ((await books.today(WORKSPACE)).refused, (await books.today("another")).refused) == (0, 1)


async def test_each_call_is_recorded_without_a_word_of_it(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, 10 * HELD)
    own = Scripted(always("a private answer"), name="own", model="small", hosted=False, usage=Usage(7, 3))
    token = purpose.set("council")
    assert await answered(books, dear("a private answer"))
    purpose.reset(token)
    assert await answered(books, own)
    await books.booked()
    async with database.connection() as connection:
        rows = await connection.fetch("select * from inference.call order by hosted desc")
    assert [
        (row["purpose"], row["engine"], row["model"], row["input_tokens"], row["output_tokens"], row["cost"], row["at"])
        for row in rows
    ] == [("council", "scripted", "dear", 100, 20, COST, NOON), ("generate", "own", "small", 7, 3, 0, NOON)]
    assert all(len(row["request_id"]) == 26 for row in rows)
    assert SECRET not in str(rows)
    assert "private" not in str(rows)


async def test_a_call_that_is_cancelled_holds_nothing(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, 10 * HELD)
    engine = dear()
    engine.gate = asyncio.Event()
    asking = asyncio.create_task(answered(books, engine))
    while not engine.asked:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await books.booked()
    spend = await books.today(WORKSPACE)
    assert spend.reserved == 0
    assert 0 < spend.spent < COST


async def test_whoever_goes_away_while_money_is_set_aside_leaves_none_held(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, 10_000 * HELD)
    turns = asked = 0
    # Two turns of the loop later each time, until it is too late to go away before the engine is asked.
    while asked < 10:
        engine = dear()
        engine.gate = asyncio.Event()
        asking = asyncio.create_task(answered(books, engine))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        await books.booked()
        turns, asked = turns + 2, asked + len(engine.asked)
    spend = await books.today(WORKSPACE)
    assert (spend.reserved, spend.refused) == (0, 0)
    assert spend.spent == asked * PRICE.of(estimated(prompt(), 0).input_tokens, 0)


async def test_without_the_books_nothing_is_spent_and_engines_of_ones_own_go_on(
    database: Database, clock: SetClock
) -> None:
    books = spending(database, clock, 10 * HELD)
    await database.close()
    engine = dear()
    with pytest.raises(StoreUnavailable):
        await answered(books, engine)
    assert engine.asked == []
    assert await answered(books, Scripted(always("yes"), hosted=False))
    await books.booked()


async def test_what_the_books_cannot_hold_is_told_and_charged_in_full_once_it_is_given_up(
    database: Database, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    books = spending(database, clock, 10 * HELD)
    await (await books.reserve(dear(), prompt())).settle(Usage(1 << 40, 0, counted_by_engine=True))
    await books.booked()
    assert [record.message for record in caplog.records] == ["a call is not booked"]
    clock.time += EXPIRES_AFTER
    spend = await books.today(WORKSPACE)
    assert (spend.spent, spend.reserved) == (HELD, 0)


async def test_old_calls_are_dropped_as_days_begin(database: Database, clock: SetClock) -> None:
    books = spending(database, clock, 10 * HELD)
    for days in (0, KEPT_FOR.days, KEPT_FOR.days + 1):
        clock.time = NOON + timedelta(days=days)
        await answered(books, dear())
        await books.booked()
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from inference.call") == 2
        assert await connection.fetchval("select count(*) from inference.day") == 2
