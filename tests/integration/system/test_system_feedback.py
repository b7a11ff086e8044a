"""From a hook that advises to what became of it, through the whole system, and a user's word on it over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from spark.packets.v1 import advice_pb2 as pb
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from tests.integration.system.coding_agent import (
    Agent,
    advice_in,
    failing,
    sequence_of,
    unknown_flag,
    working,
)
from tests.integration.system.running_spark import Spark

pytestmark = pytest.mark.usefixtures("unharmed")

PATIENCE_SECONDS = 10.0


@pytest.fixture
async def client(system: Spark) -> AsyncGenerator[httpx.AsyncClient]:
    async with system.http() as client:
        yield client


async def given_to(system: Spark, agent: Agent, *, decided: bool = False) -> pb.GivenAdvice:
    """The advice that a session was given, once it is heard of, or decided."""
    async with system.grpc() as channel:
        packets, until = PacketsServiceStub(channel), time.monotonic() + PATIENCE_SECONDS
        while True:
            request = pb.ListAdviceRequest(session_id=agent.session)
            found = (await packets.ListAdvice(request, metadata=system.metadata)).advice
            if found and (found[-1].state != pb.ADVICE_STATE_OPEN or not decided):
                return found[-1]
            assert time.monotonic() < until, "nothing became of it"
            await asyncio.sleep(0.02)


async def advised(system: Spark, client: httpx.AsyncClient, word: str) -> Agent:
    """An agent that was told at its failure what an earlier one found."""
    earlier = Agent(client, f"/srv/{word}")
    assert await system.settle(sequence_of(await earlier.learns(word)))
    agent = Agent(client, f"/srv/{word}")
    assert working(word) in advice_in(await agent.fails(failing(word), unknown_flag(word)))
    return agent


async def say(client: httpx.AsyncClient, **body: object) -> tuple[int, Any]:
    reply = await client.post("/v1/feedback", json=body)
    return reply.status_code, reply.json()


async def test_what_an_agent_does_with_advice_is_seen(system: Spark, client: httpx.AsyncClient) -> None:
    agent = await advised(system, client, "followed")
    worked = agent.call("PostToolUse", working("followed"), tool_response={"stdout": "done"}, duration_ms=0)
    await agent.send(worked)
    given = await given_to(system, agent, decided=True)
    assert given.state == pb.ADVICE_STATE_FOLLOWED_WORKED
    assert given.decided_by == worked["tool_use_id"]
    assert given.effectiveness_score > 0.5
    assert working("followed") in given.text


async def test_a_failure_in_spite_of_advice_is_seen_at_the_very_call(system: Spark, client: httpx.AsyncClient) -> None:
    agent = await advised(system, client, "ignored")
    later = Agent(client, "/srv/ignored")
    call = later.call("PreToolUse", failing("ignored"))
    assert working("ignored") in advice_in(await later.send(call))
    await later.fails(failing("ignored"), unknown_flag("ignored"), tool_use_id=call["tool_use_id"])
    given = await given_to(system, later, decided=True)
    assert (given.state, given.decided_by) == (pb.ADVICE_STATE_IGNORED_FAILED, call["tool_use_id"])
    assert (await given_to(system, agent)).state == pb.ADVICE_STATE_OPEN


async def test_what_is_called_too_noisy_is_not_said_again_in_the_session(
    system: Spark, client: httpx.AsyncClient
) -> None:
    agent = await advised(system, client, "noisy")
    given = await given_to(system, agent)
    status, told = await say(client, advice_id=given.advice_id, verdict="too-noisy")
    assert (status, told["advice"]["verdict"]) == (200, "VERDICT_TOO_NOISY")
    assert told["advice"]["effectiveness_score"] == pytest.approx(1 / 4)
    again = await agent.send(agent.call("PreToolUse", failing("noisy")))
    assert advice_in(again) == ""
    rows = await system.rows("select unwanted from packets.agent_session where session_id = $1", agent.session)
    assert rows[0]["unwanted"] == [given.packet_id, "failure Bash|pytest|shell.bad_flag"]
    other = Agent(client, "/srv/noisy")
    assert advice_in(await other.fails(failing("noisy"), unknown_flag("noisy")))


async def test_feedback_that_cannot_be_taken_says_what_to_do(system: Spark, client: httpx.AsyncClient) -> None:
    status, told = await say(client, advice_id="01NOTHING", verdict="helpful")
    assert (status, told["error"]["reason"]) == (404, "NOT_FOUND")
    assert "`spark explain` shows" in told["error"]["message"]
    for body in ({"verdict": "helpful"}, {"advice_id": "abc", "verdict": "helpful"}):
        assert (await say(client, **body))[0] == 400
    status, told = await say(client, advice_id="01NOTHING", verdict="nice")
    assert (status, told["error"]["message"]) == (400, "verdict must be one of helpful, not-helpful, too-noisy")
    async with httpx.AsyncClient(base_url=system.run.http) as stranger:
        assert (await stranger.post("/v1/feedback", json={})).status_code == 401
