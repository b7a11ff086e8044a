"""What a fleet is to the tests: every service in a process of its own, and what can be done to each of them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx

SERVICES = ("gateway", "router", "packets", "memory", "prefetch", "telemetry", "inference")
ENGINES = ("postgres", "nats")

READY_SECONDS = 60.0
"""Patience with a process that starts, on a machine that is busy with others."""
SAID_CHARS = 4000


class Fleet(ABC):
    """Seven services and two engines, apart from each other. Verbs return once the deed is done."""

    token: str
    database_url: str
    nats_url: str
    """As the tests reach them, which no fault on the way between services and engines concerns."""

    @property
    @abstractmethod
    def gateway(self) -> str:
        """Where hooks are posted; the same for as long as the fleet lives."""

    @abstractmethod
    def web(self, service: str) -> str | None:
        """Where a service answers over HTTP now; None while it does not run."""

    @abstractmethod
    async def kill(self, service: str) -> None:
        """Ends a service without a word, as a crash does. What watches over it starts it again by itself."""

    @abstractmethod
    def paused(self, service: str) -> AbstractAsyncContextManager[None]:
        """A service stands still for the length of the block."""

    @abstractmethod
    def cut_off(self, service: str) -> AbstractAsyncContextManager[None]:
        """A service runs and reaches nobody, nor is reached, for the length of the block."""

    @abstractmethod
    async def roll(self, service: str) -> str:
        """Replaces a service by one of the next version: the new one is ready before the old is asked to end.

        Returns the new version's number.
        """

    @abstractmethod
    def without(self, engine: str) -> AbstractAsyncContextManager[None]:
        """An engine is stopped, and started on what it had stored at the end of the block."""

    @abstractmethod
    async def run(self, service: str, words: list[str]) -> tuple[int, str]:
        """Runs a command where a service runs; its exit status and what it printed, without the last line's end."""

    @abstractmethod
    def said(self, service: str) -> str:
        """The end of what a service has written to its log."""

    async def health(self, service: str) -> dict[str, object]:
        """What a service says of itself.

        Raises:
            httpx.HTTPError: while it does not answer.
        """
        return await self._asked(service, "/health")

    async def ready(self, service: str) -> bool:
        """Whether a service answers, and all that it needs."""
        try:
            await self._asked(service, "/ready")
        except httpx.HTTPError:
            return False
        return True

    async def all_ready(self) -> None:
        """Waits for every service.

        Raises:
            AssertionError: when one is not ready within a minute; it holds what that one has said.
        """
        for service in SERVICES:
            try:
                await until(lambda service=service: self.ready(service), within=READY_SECONDS)
            except TimeoutError:
                raise AssertionError(f"{service} is not ready: {await asyncio.to_thread(self.said, service)}") from None

    async def _asked(self, service: str, path: str) -> dict[str, object]:
        where = await asyncio.to_thread(self.web, service)
        if where is None:
            raise httpx.ConnectError(f"{service} does not run")
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
            return (await client.get(f"{where}{path}")).raise_for_status().json()


async def until(met: Callable[[], Awaitable[bool]], *, within: float) -> float:
    """Waits for a condition that other processes bring about; returns the seconds that it took.

    Raises:
        TimeoutError: when it is not met in time.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    async with asyncio.timeout(within):
        while not await met():
            await asyncio.sleep(0.02)
    return clock() - began


@asynccontextmanager
async def for_the_block(
    begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]
) -> AsyncGenerator[None]:
    """Does one thing before a block and another behind it."""
    await begin()
    try:
        yield
    finally:
        await end()
