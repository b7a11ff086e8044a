"""What the books announce of calls, on a real Postgres: each once, when it is over, without a word of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from protovalidate import Validator

from chassis.calls import CallContext, current_call
from chassis.database import Database
from chassis.identifiers import new_ulid
from chassis.tracing import new_traceparent
from services.inference.model import Message, Prompt, Role, Usage
from services.inference.prices import Price
from services.inference.spending import EXPIRES_AFTER, Spending, purpose
from spark.inference.v1.ended_pb2 import GenerationEnded
from tests.integration.inference_spending.conftest import NOON, SetClock
from tests.unit.inference.scripted import Scripted, always

TRACEPARENT = new_traceparent()
USAGE = Usage(100, 20, counted_by_engine=True)
PRICE = Price(Decimal(1), Decimal(4))
SECRET = "what-was-asked"


@pytest.fixture
def books(database: Database, clock: SetClock) -> Spending:
    return Spending(database, clock, 1_000_000, {"dear": PRICE}, lambda: None)


def engine(model: str, *, hosted: bool) -> Scripted:
    return Scripted(always("an answer"), model=model, hosted=hosted)


def prompt() -> Prompt:
    return Prompt(new_ulid(), (Message(Role.USER, SECRET),), max_tokens=160)


async def announced(database: Database) -> list[GenerationEnded]:
    async with database.connection() as connection:
        rows = await connection.fetch("select event_id, subject, data from inference.outbox order by id")
        calls = await connection.fetch("select call_id from inference.call where state = 2")
    told = [GenerationEnded.FromString(row["data"]) for row in rows]
    assert [row["event_id"] for row in rows] == [each.call_id for each in told]
    assert {each.call_id for each in told} == {row["call_id"] for row in calls}
    for row, each in zip(rows, told, strict=True):
        assert row["subject"] == f"spark.inference.v1.generation_ended.{each.workspace_id}.{each.purpose}"
        assert Validator().collect_violations(each) == []
        assert SECRET.encode() not in row["data"]
    return told


async def test_each_call_is_told_once_with_what_it_took(books: Spending, database: Database, clock: SetClock) -> None:
    current_call.set(CallContext("test", "local", TRACEPARENT))
    purpose.set("council")
    asked = prompt()
    hosted = await books.reserve(engine("dear", hosted=True), asked)
    own = await books.reserve(engine("/models/" + 300 * "m", hosted=False), asked)
    assert await announced(database) == []
    clock.time += timedelta(seconds=2)
    for _ in range(2):
        await hosted.settle(USAGE)
        await books.booked()
    await own.settle(Usage(7, 3))
    await books.booked()
    dear, small = await announced(database)
    assert (dear.cost_microusd, dear.hosted, dear.input_tokens, dear.output_tokens, dear.counted_by_engine) == (
        PRICE.of(100, 20),
        True,
        100,
        20,
        True,
    )
    assert (small.cost_microusd, small.hosted, small.input_tokens, small.counted_by_engine) == (0, False, 7, False)
    for each in (dear, small):
        assert (each.request_id, each.purpose, each.traceparent) == (asked.request_id, "council", TRACEPARENT)
        assert each.began_at.ToDatetime(NOON.tzinfo) == NOON
        assert each.ended_at.ToDatetime(NOON.tzinfo) == NOON + timedelta(seconds=2)


async def test_a_call_that_was_given_up_is_told_when_it_ends_after_all(
    books: Spending, database: Database, clock: SetClock
) -> None:
    current_call.set(CallContext("test", "local"))
    late = await books.reserve(engine("dear", hosted=True), prompt())
    clock.time += EXPIRES_AFTER
    await books.today("local")
    assert await announced(database) == []
    for _ in range(2):
        await late.settle(USAGE)
        await books.booked()
    assert [each.cost_microusd for each in await announced(database)] == [PRICE.of(100, 20)]
