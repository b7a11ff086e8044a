"""Watches a Spark through a fault: how each hook was answered, what `/ready` said, and what became of each event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import Spark

DEADLINE_SECONDS = 0.25
"""SPARK_ADVISORY_MAX_MS by default."""
MARGIN_SECONDS = 0.15
"""For two busy cores and a client in Python, on top of the deadline."""


@dataclass
class Witness:
    """Sends hooks of the same failing call, each from a session of its own, and notes what comes back."""

    spark: Spark
    client: httpx.AsyncClient
    folder: str
    word: str
    acknowledged: list[str] = field(default_factory=list[str])
    unacknowledged: list[str] = field(default_factory=list[str])
    taught: int = 0
    last: int = 0
    slowest: float = 0.0
    troubles: dict[str, str] = field(default_factory=dict[str, str])
    ready: bool = True

    async def teaches(self) -> None:
        """The failure with its fix, settled, so that there is something to advise."""
        await self.spark.settle(sequence_of(await Agent(self.client, self.folder).learns(self.word)))
        self.taught += 1

    async def sees_a_hook(self) -> httpx.Response:
        """One hook, held to its deadline."""
        agent = Agent(self.client, self.folder)
        began = time.monotonic()
        reply = await agent.fails(failing(self.word), unknown_flag(self.word))
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        assert reply.status_code == 200
        assert isinstance(reply.json(), dict)
        assert took < DEADLINE_SECONDS + MARGIN_SECONDS, f"a hook took {took * 1000:.0f} ms"
        sequence = sequence_of(reply)
        (self.acknowledged if sequence else self.unacknowledged).append(agent.session)
        self.last = max(self.last, sequence)
        return reply

    async def asks(self) -> None:
        """Asks once whether it is ready."""
        answer = await self.client.get("/ready")
        self.ready = answer.status_code == 200
        self.troubles |= answer.json()["troubles"]
        assert answer.status_code == (503 if answer.json()["troubles"] else 200)

    async def until_troubled(self, by: str, *, within: float = 10.0) -> None:
        """Waits until `/ready` says so."""
        async with asyncio.timeout(within):
            while by not in self.troubles:
                await self.asks()

    async def until_well(self, *, within: float = 30.0) -> None:
        """Waits until it is ready again and a hook's event is acknowledged."""
        async with asyncio.timeout(within):
            while True:
                known = len(self.acknowledged)
                await self.sees_a_hook()
                await self.asks()
                if self.ready and len(self.acknowledged) > known:
                    return

    async def until_advised(self, *, within: float = 10.0) -> None:
        """Waits until a hook is told the fix again: the first after an outage may have none of its time left."""
        async with asyncio.timeout(within):
            while working(self.word) not in advice_in(await self.sees_a_hook()):
                pass

    @asynccontextmanager
    async def busy(self, senders: int = 4) -> AsyncGenerator[None]:
        """Sends hooks all the while."""
        over = asyncio.Event()

        async def send() -> None:
            while not over.is_set():
                await self.sees_a_hook()

        async with asyncio.TaskGroup() as group:
            for _ in range(senders):
                group.create_task(send())
            try:
                yield
            finally:
                over.set()

    async def agrees(self) -> None:
        """Whatever was acknowledged is learnt once, and nothing is counted twice."""
        await self.spark.settle(self.last)
        rows = await self.spark.rows(
            "select session_id from memory.learnt where session_id = any($1)",
            [*self.acknowledged, *self.unacknowledged],
        )
        learnt = [row["session_id"] for row in rows]
        assert len(learnt) == len(set(learnt))
        assert set(self.acknowledged) <= set(learnt)
        assert await self.spark.occurrences(failing(self.word)) == self.taught + len(learnt)
