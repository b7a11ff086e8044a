"""Hooks of several agents at work, posted all along while something breaks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from chassis.identifiers import new_ulid
from tests.integration.fleet.fleet import Fleet
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working

PATIENCE_SECONDS = 1.0
"""For which the clients wait for a hook."""
SESSIONS = 4
BREATH_SECONDS = 0.1
"""Of an agent between two hooks: together 30 hooks a second."""
CLIENT_SECONDS = 10.0
"""Longer than any patience, so that a late answer is seen as one."""


@dataclass(frozen=True)
class Answer:
    """What became of one hook. `trouble` says what was wrong with the answer."""

    hook: str
    took_s: float
    sequence: int
    said: str
    trouble: str = ""


@dataclass
class Load:
    """What was posted and answered."""

    answers: list[Answer] = field(default_factory=list[Answer])
    sessions: set[str] = field(default_factory=set[str])

    @property
    def failed(self) -> list[Answer]:
        """Hooks that were not answered as every hook must be, whatever is broken behind the gateway."""
        return [each for each in self.answers if each.trouble or each.took_s > PATIENCE_SECONDS]

    @property
    def acknowledged(self) -> set[int]:
        """Places in the stream that answers have named."""
        return {each.sequence for each in self.answers} - {0}

    async def goes_on(self, hooks: int) -> None:
        """Waits until so many more hooks are answered."""
        until = len(self.answers) + hooks
        async with asyncio.timeout(hooks * CLIENT_SECONDS / SESSIONS):
            while len(self.answers) < until:
                await asyncio.sleep(0.01)

    async def work(self, client: httpx.AsyncClient, number: int) -> None:
        """One agent that runs into a failure, mends it, and begins a new session, for ever."""
        agent, word = Agent(client, f"/srv/load-{number}"), f"load{number}"
        hooks: list[Callable[[Agent], Coroutine[Any, Any, httpx.Response]]] = [
            lambda agent: agent.prompts(f"Make the tests of {word} pass"),
            lambda agent: agent.send(agent.call("PreToolUse", failing(word))),
            lambda agent: agent.fails(failing(word), unknown_flag(word)),
            lambda agent: agent.works(working(word)),
        ]
        while True:
            self.sessions.add(agent.session)
            for hook in hooks:
                self.answers.append(await answered(hook(agent)))
                await asyncio.sleep(BREATH_SECONDS)
            agent = Agent(client, agent.folder)


async def answered(hook: Coroutine[Any, Any, httpx.Response]) -> Answer:
    """Posts one hook and judges its answer."""
    began = time.monotonic()
    try:
        reply = await hook
    except httpx.HTTPError as error:
        return Answer("", time.monotonic() - began, 0, "", f"{type(error).__name__} {error}")
    took_s = time.monotonic() - began
    name = json.loads(reply.request.content)["hook_event_name"]
    if reply.status_code != 200:
        return Answer(name, took_s, 0, "", f"status {reply.status_code}: {reply.text[:200]}")
    try:
        return Answer(name, took_s, sequence_of(reply), advice_in(reply))
    except (ValueError, AttributeError, KeyError) as error:
        return Answer(name, took_s, 0, "", f"no answer of a hook: {error!r} {reply.text[:200]}")


@asynccontextmanager
async def load(fleet: Fleet) -> AsyncGenerator[Load]:
    """Agents at work for the length of the block."""
    posted = Load()
    async with posting(fleet, SESSIONS) as client:
        tasks = [asyncio.create_task(posted.work(client, number)) for number in range(SESSIONS)]
        try:
            yield posted
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def posting(fleet: Fleet, connections: int = 1) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the fleet's gateway."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    headers = {"authorization": f"Bearer {fleet.token}"}
    async with httpx.AsyncClient(
        base_url=fleet.gateway, headers=headers, timeout=CLIENT_SECONDS, trust_env=False, limits=limits
    ) as client:
        yield client


async def advises_again(fleet: Fleet, *, within: float) -> float:
    """Waits until what is learnt from now on is told to another session; returns the seconds that it took.

    Raises:
        TimeoutError: when nothing is told in time.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    async with asyncio.timeout(within), posting(fleet) as client:
        word = ""
        while True:
            if not word:
                # A moment that the bus could not take is not learnt from.
                fresh = f"w{new_ulid().lower()[-8:]}"
                if (await answered(Agent(client, "/srv/again").fails(failing(fresh), unknown_flag(fresh)))).sequence:
                    learnt = await answered(learning(client, fresh))
                    word = fresh if learnt.sequence else ""
            elif working(word) in (await answered(asking(client, word))).said:
                return clock() - began
            await asyncio.sleep(0.1)


def learning(client: httpx.AsyncClient, word: str) -> Coroutine[Any, Any, httpx.Response]:
    """A session that meets a failure and its fix."""
    return Agent(client, "/srv/again").learns(word)


def asking(client: httpx.AsyncClient, word: str) -> Coroutine[Any, Any, httpx.Response]:
    """A new session that meets the failure."""
    return Agent(client, "/srv/again").fails(failing(word), unknown_flag(word))
