"""Connections to Postgres: a few, kept warm, handed out in turn.

asyncpg's own pool resets a connection at each release, 100 µs that the hot path does not have; here nothing is reset,
so a caller leaves a connection as it found it. First come, first served: asyncio's semaphore keeps the order of those
who wait, which its queue does not. The connection that was used last is used next, so that those of a busy hour fall
idle afterwards, and are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Literal
from weakref import WeakSet

import asyncpg
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from chassis.faults import InvalidArgument, StoreUnavailable
from chassis.spans import DATABASE, spanned

log = logging.getLogger(__name__)

WAITED = Histogram(
    "spark_database_wait_seconds",
    "Time for which a connection was waited for where all were in use",
    ["schema"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.25, 1.0),
)

CONNECT_SECONDS = 2.0
CLOSE_SECONDS = 2.0
"""Patience with a Postgres that hangs, so that a whole system stops in the 15 s that `spark down` waits."""

IDLE_SECONDS = 300.0
"""After so long without use a connection is closed. Longer than agents pause in their work, so that one who goes on
does not wait for another connection (5 ms), and short beside the hours for which a fleet is larger than it need be."""

PLANS = {
    # Every statement is prepared, and its plan is the same for all arguments. Postgres would plan many anew each time,
    # for it overrates the general plan: 0.5 ms of a hook.
    "plan_cache_mode": "force_generic_plan",
    # Rows are looked up by their keys. A plan made while a table was small would read it whole until its statistics are
    # renewed.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

BEHIND_A_POOLER = "this is a pooler of connections: set SPARK_DATABASE_POOLER=transaction"

OUTAGE = (
    OSError,
    asyncpg.InterfaceError,
    # What asyncpg says when a server dies between two messages of one answer.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    # A deadlock or a conflict of two writers: the same statement works when it is tried again.
    asyncpg.TransactionRollbackError,
)
"""Errors that say that Postgres is away or cannot write, not that a statement is wrong."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of transactions, by asyncpg's names; None is Postgres's default."""

    isolation: Literal["repeatable_read"] | None = None
    readonly: bool = False


CHANGE = Kind()
VIEW = Kind("repeatable_read", readonly=True)


@dataclass(slots=True)
class Slot:
    """Room for one connection, and when it was used last (`time.monotonic`)."""

    connection: asyncpg.Connection | None = None
    used_at: float = 0.0


class Database:
    """A service's connections, `size` at most. `role` narrows them to the service's own schema; one that nobody has
    used for `idle_s` seconds is closed."""

    def __init__(self, url: str, *, role: str | None = None, size: int = 2, idle_s: float = IDLE_SECONDS) -> None:
        self._url = url
        self._role = role
        schema = (role or "").removeprefix("spark_")
        self._waited = WAITED.labels(schema)
        self._span = f"{DATABASE} {schema}"
        self.size = size
        self._turn = asyncio.Semaphore(size)
        self._free: deque[Slot] = deque(Slot() for _ in range(size))
        self._idle_s = idle_s
        self._looking: asyncio.TimerHandle | None = None
        self._open: WeakSet[asyncpg.Connection] = WeakSet()
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[asyncpg.Connection]:
        """One connection for the time of the block; broken ones are replaced.

        Raises:
            StoreUnavailable: when Postgres cannot be reached or went away during the block, or after `close`.
            InvalidArgument: when the block gave it a text with a NUL.
        """
        if self._closed:
            raise StoreUnavailable("Postgres: the connections are closed")
        with spanned(self._span, SpanKind.CLIENT):
            await self._take_turn()
            slot = self._free.pop()
            try:
                held = slot.connection
                if held is None or held.is_closed():
                    held = slot.connection = await self._connect()
                yield held
            except OUTAGE as error:
                held = slot.connection
                broken = isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError)
                if held is not None and (broken or held.is_closed()):
                    held.terminate()
                    slot.connection = None
                raise StoreUnavailable(f"Postgres: {first_line(error)}") from error
            except (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError) as error:
                raise InvalidArgument("a text holds a NUL, which cannot be kept") from error
            except asyncio.CancelledError:
                # A statement cut short leaves the connection in an unknown state; hanging up calls it off.
                self._hang_up(slot)
                raise
            finally:
                if slot.connection is None:
                    self._free.appendleft(slot)
                else:
                    slot.used_at = time.monotonic()
                    self._free.append(slot)
                self._turn.release()

    @asynccontextmanager
    async def transaction(self, *, durable: bool = True) -> AsyncGenerator[asyncpg.Connection]:
        """A transaction that is on disk when the block ends; one that is not `durable`, within a second.

        Raises:
            StoreUnavailable: as `connection`.
        """
        async with self.connection() as connection, Committed(connection):
            if durable:
                await connection.execute("set local synchronous_commit to on")
            yield connection

    @asynccontextmanager
    async def view(self) -> AsyncGenerator[asyncpg.Connection]:
        """One view of one instant, for several reads that must agree.

        Raises:
            StoreUnavailable: as `connection`.
        """
        async with self.connection() as connection, Committed(connection, VIEW):
            yield connection

    async def ping(self) -> None:
        """Asks for a sign of life.

        Raises:
            StoreUnavailable: when there is none.
        """
        async with self.connection() as connection:
            await connection.fetchval("select 1")

    async def close(self) -> None:
        """Closes all connections, each once it is free; after 2 s those that are not, by force."""
        if self._closed:
            return
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*(self._leave() for _ in range(self.size)))
                await asyncio.gather(*self._leaving)
        except TimeoutError:
            for held in self._open:
                held.terminate()

    async def _take_turn(self) -> None:
        if not self._turn.locked():
            await self._turn.acquire()
            return
        began = time.perf_counter()
        await self._turn.acquire()
        self._waited.observe(time.perf_counter() - began)

    async def _leave(self) -> None:
        await self._turn.acquire()
        held = self._free.pop().connection
        if held is not None:
            await hang_up(held)

    def _hang_up(self, slot: Slot) -> None:
        if slot.connection is not None:
            task = asyncio.create_task(hang_up(slot.connection))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
            slot.connection = None

    def _close_idle(self) -> None:
        due = time.monotonic() - self._idle_s
        for slot in self._free:
            if slot.used_at <= due:
                self._hang_up(slot)
        self._looking = None
        if self._open:
            self._look_later()

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(self._idle_s, self._close_idle)

    async def _connect(self) -> asyncpg.Connection:
        try:
            connection = await self._opened()
        except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
            if self._role is None:
                raise StoreUnavailable(f"Postgres: {first_line(error)}") from error
            # Where roles cannot be created the migrations made none, and the user owns the schema.
            log.warning("working without a role", extra={"action": "no_role", "role": self._role})
            self._role = None
            return await self._connect()
        except (TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"Postgres: {first_line(error)}{self._advice_on(error)}") from error
        self._open.add(connection)
        if self._looking is None and not self._closed:
            self._look_later()
        return connection

    async def _opened(self) -> asyncpg.Connection:
        # Losing the last instants of what was shown costs a repeated hint; waiting for the disk costs every hook.
        options = {"synchronous_commit": "off", "application_name": self._role or "spark", **PLANS}
        if self._role:
            options["role"] = self._role
        return await asyncpg.connect(self._url, timeout=CONNECT_SECONDS, server_settings=options)

    def _advice_on(self, error: BaseException) -> str:
        pooled = isinstance(error, asyncpg.ProtocolViolationError) and "startup parameter" in str(error)
        return f"; {BEHIND_A_POOLER}" if pooled else ""


class Committed:
    """A transaction that is through when the block ends, and taken back when it raises.

    Cancelled, it is left as it is: hanging up calls it off, and a rollback would wait for a server that hangs, past any
    cancellation.
    """

    __slots__ = ("_transaction",)

    def __init__(self, connection: asyncpg.Connection, kind: Kind = CHANGE) -> None:
        self._transaction = connection.transaction(isolation=kind.isolation, readonly=kind.readonly)

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._transaction.commit()
        elif not issubclass(kind, asyncio.CancelledError):
            await self._transaction.rollback()


async def hang_up(connection: asyncpg.Connection) -> None:
    """Calls off what the connection is at, and closes it; within a second, or else by force."""
    with contextlib.suppress(*OUTAGE, asyncpg.PostgresError):
        await connection.close(timeout=1.0)


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its type's name."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def count_in(status: str) -> int:
    """How many rows a statement was about, by the tag that `execute` returns: `UPDATE 3`, `INSERT 0 3`."""
    return int(status.rpartition(" ")[2])
