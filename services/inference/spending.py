"""What may be spent on hosted engines, and what was: reserved before a call, settled after it.

The most that a call can cost is set aside in one statement that holds only while the day's budget does, so that however
many ask at once the budget is not passed. A call that ends gives back what it did not use. One whose process died is
charged in full after a while: the vendor has most likely charged for it too, and a process that dies again and again
must not be able to spend more than one that lives.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import asyncpg

from chassis.calls import present_call
from chassis.clock import Clock
from chassis.database import Database
from chassis.faults import BudgetExhausted, StoreUnavailable
from chassis.identifiers import new_ulid
from services.inference.booked import OUTBOX, Call, announcement
from services.inference.metrics import BUDGET, SPEND, TOKENS
from services.inference.model import Prompt, Usage
from services.inference.ports import Engine
from services.inference.prices import FREE, MICRO, Price, most, price_of

log = logging.getLogger(__name__)

purpose: ContextVar[str] = ContextVar("purpose", default="generate")
"""What a task asks engines for, as the books name it: generate, agent_0, council, synthesis."""

NOTHING = Usage()
RUNNING, DONE, LOST = 1, 2, 3

EXPIRES_AFTER = timedelta(minutes=15)
"""Longer than any generation that is asked for; a call of which nothing is heard by then is given up."""
KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Spend:
    """What a day has cost so far. Amounts in millionths of a US dollar."""

    spent: int
    reserved: int
    budget: int
    calls: int
    refused: int


class Reservation:
    """Money set aside for one call; nothing for an engine of one's own."""

    def __init__(self, books: Spending, call: Call, price: Price) -> None:
        self.call = call
        self._books = books
        self._price = price

    async def settle(self, usage: Usage) -> int:
        """Books what the call took and gives the rest back; returns the cost, millionths of a US dollar.

        It does not wait for the books: what they cannot take is charged in full once it expires.
        """
        cost = self._price.of(usage.input_tokens, usage.output_tokens)
        self._books.book(self.call, usage, cost)
        return cost


class Spending:
    """The books. Hosted engines wait for them before each call; engines of one's own are recorded behind the answer."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        budget: int,
        prices: Mapping[str, Price],
        announced: Callable[[], None] = lambda: None,
    ) -> None:
        """`budget` is the day's, in millionths of a US dollar; a day is one of UTC by the clock. `announced` is told
        each time that a call waits in the outbox."""
        self._database = database
        self._clock = clock
        self._budget = budget
        BUDGET.set(budget / MICRO)
        self._prices = prices
        self._announced = announced
        self._booking: set[asyncio.Task[None]] = set()

    async def reserve(self, engine: Engine, prompt: Prompt) -> Reservation:
        """Sets aside what a completion of a hosted engine costs at most, for the call and the purpose of this task.

        Raises:
            BudgetExhausted: when the rest of the day's budget is less than that; the refusal is counted.
            StoreUnavailable: when the books cannot be reached. Without them nothing may be spent.
        """
        price = price_of(engine.model, self._prices) if engine.hosted else FREE
        serving = present_call()
        call = Call(
            serving.workspace_id,
            new_ulid(),
            prompt.request_id,
            purpose.get(),
            engine.name,
            engine.model,
            engine.hosted,
            most(prompt, price),
            self._now(),
            serving.traceparent,
        )
        if engine.hosted:
            setting = asyncio.create_task(self._set_aside(call))
            try:
                await asyncio.shield(setting)
            except asyncio.CancelledError:
                self._behind(self._give_back(call, setting))
                raise
        return Reservation(self, call, price)

    def book(self, call: Call, usage: Usage, cost: int) -> None:
        """Begins to book what a call took."""
        TOKENS.labels(call.engine, "input").inc(usage.input_tokens)
        TOKENS.labels(call.engine, "output").inc(usage.output_tokens)
        self._behind(self._book(call, usage, cost))

    def _behind(self, work: Coroutine[None, None, None]) -> None:
        # On its own: whoever asked may be cancelled, and the money would stay held.
        task = asyncio.create_task(work)
        self._booking.add(task)
        task.add_done_callback(self._booking.discard)

    async def booked(self) -> None:
        """Returns once all that ended is booked."""
        while self._booking:
            await asyncio.gather(*self._booking)

    async def today(self, workspace_id: str) -> Spend:
        """What the day has cost so far.

        Raises:
            StoreUnavailable: when the books cannot be reached.
        """
        day = self._now().date()
        async with self._database.transaction() as connection:
            await self._expire(connection, workspace_id)
            row = await connection.fetchrow(
                "select spent, reserved, calls, refused from inference.day where workspace_id = $1 and day = $2",
                workspace_id,
                day,
            )
        if row is None:
            return Spend(0, 0, self._budget, 0, 0)
        return Spend(row["spent"], row["reserved"], self._budget, row["calls"], row["refused"])

    async def measure(self) -> None:
        """Shows in the metrics what the day has cost: other processes book too, and days end.

        Raises:
            StoreUnavailable: when the books cannot be reached.
        """
        async with self._database.connection() as connection:
            spent = await connection.fetchval(
                "select coalesce(sum(spent), 0)::bigint from inference.day where day = $1", self._now().date()
            )
        SPEND.set(spent / MICRO)

    def _now(self) -> datetime:
        return self._clock.now().astimezone(UTC)

    async def _set_aside(self, call: Call) -> None:
        day = call.at.date()
        async with self._database.transaction() as connection:
            await self._expire(connection, call.workspace_id)
            await self._open_day(connection, call.workspace_id, day)
            allowed = await connection.fetchval(
                """update inference.day set reserved = reserved + $3
                   where workspace_id = $1 and day = $2 and spent + reserved + $3 <= $4 returning true""",
                call.workspace_id,
                day,
                call.held,
                self._budget,
            )
            if allowed:
                await enter(connection, call, RUNNING)
            else:
                await connection.execute(
                    "update inference.day set refused = refused + 1 where workspace_id = $1 and day = $2",
                    call.workspace_id,
                    day,
                )
        # Raised inside, it would take the count of the refusal back.
        if not allowed:
            raise BudgetExhausted("what is left of the day's budget for hosted engines does not allow for this call")

    async def _give_back(self, call: Call, setting: asyncio.Task[None]) -> None:
        """Gives back what is set aside for a call whose engine was never asked, once it is known whether it was."""
        await asyncio.wait([setting])
        if setting.exception() is None:
            await self._book(call, NOTHING, 0)

    async def _book(self, call: Call, usage: Usage, cost: int) -> None:
        try:
            if call.hosted:
                await self._settle(call, usage, cost)
                await self.measure()
            else:
                async with self._database.transaction(durable=False) as connection:
                    await self._open_day(connection, call.workspace_id, call.at.date())
                    await enter(connection, call, DONE, usage)
                    await OUTBOX.add(connection, [announcement(call, usage, cost, self._now())])
            self._announced()
        except StoreUnavailable as error:
            log.warning("a call is not booked", extra={"action": "spend_unbooked", "error": error.message})
        except Exception:
            # Nobody waits for this task but the stop, which it must not break off.
            log.exception("a call is not booked", extra={"action": "spend_unbooked"})

    async def _settle(self, call: Call, usage: Usage, cost: int) -> None:
        """Charges what a hosted call took, instead of what was set aside; a second time it changes nothing."""
        async with self._database.transaction() as connection:
            state = await connection.fetchval(
                "select state from inference.call where workspace_id = $1 and call_id = $2 for update",
                call.workspace_id,
                call.call_id,
            )
            if state not in {RUNNING, LOST}:
                return
            await connection.execute(
                """update inference.call set state = $3, cost = $4, input_tokens = $5, output_tokens = $6,
                       counted_by_engine = $7
                   where workspace_id = $1 and call_id = $2""",
                call.workspace_id,
                call.call_id,
                DONE,
                cost,
                usage.input_tokens,
                usage.output_tokens,
                usage.counted_by_engine,
            )
            day = call.at.date()
            if state == LOST:
                await charge(connection, call.workspace_id, day, spent=cost - call.held, released=0, calls=0)
            else:
                await charge(connection, call.workspace_id, day, spent=cost, released=call.held, calls=1)
            await OUTBOX.add(connection, [announcement(call, usage, cost, self._now())])

    async def _open_day(self, connection: asyncpg.Connection, workspace_id: str, day: date) -> None:
        """Begins a day's account, and drops what is too old to be kept."""
        opened = await connection.fetchval(
            "insert into inference.day (workspace_id, day) values ($1, $2) on conflict do nothing returning true",
            workspace_id,
            day,
        )
        if opened:
            await connection.execute("delete from inference.call where day < $1", day - KEPT_FOR)
            await connection.execute("delete from inference.day where day < $1", day - KEPT_FOR)

    async def _expire(self, connection: asyncpg.Connection, workspace_id: str) -> None:
        """Charges calls of which nothing was heard any more."""
        rows = await connection.fetch(
            """update inference.call set state = $3, cost = held
               where (workspace_id, call_id) in (
                   select workspace_id, call_id from inference.call
                   where workspace_id = $1 and state = 1 and expires_at <= $2
                   order by call_id for update skip locked)
               returning day, held""",
            workspace_id,
            self._now(),
            LOST,
        )
        # In one order of days, so that two who find some never wait for each other.
        for row in sorted(rows, key=lambda row: row["day"]):
            await charge(connection, workspace_id, row["day"], spent=row["held"], released=row["held"], calls=1)


async def enter(connection: asyncpg.Connection, call: Call, state: int, usage: Usage = NOTHING) -> None:
    """Enters a call into the books."""
    await connection.execute(
        """insert into inference.call (workspace_id, call_id, request_id, purpose, engine, model, hosted, day, held,
               input_tokens, output_tokens, counted_by_engine, state, at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        call.workspace_id,
        call.call_id,
        call.request_id,
        call.purpose,
        call.engine,
        call.model,
        call.hosted,
        call.at.date(),
        call.held,
        usage.input_tokens,
        usage.output_tokens,
        usage.counted_by_engine,
        state,
        call.at,
        call.at + EXPIRES_AFTER,
    )


async def charge(
    connection: asyncpg.Connection, workspace_id: str, day: date, *, spent: int, released: int, calls: int
) -> None:
    """Books a cost, and what is no longer held for it."""
    await connection.execute(
        """update inference.day set spent = spent + $3, reserved = reserved - $4, calls = calls + $5
           where workspace_id = $1 and day = $2""",
        workspace_id,
        day,
        spent,
        released,
        calls,
    )
