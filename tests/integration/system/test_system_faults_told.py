"""What goes wrong in a running system is told on the bus, also what went wrong because the bus was away."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import os
import signal

from chassis.bus import Bus
from spark.fault.v1.seen_pb2 import FaultSeen
from tests.integration.system.coding_agent import Agent, sequence_of
from tests.integration.system.process_tree import engines_in
from tests.integration.system.running_spark import HOOK_PATH, Spark


async def told(spark: Spark, component: str, reason: str, least: int) -> int:
    """How many such faults were told; waits for so many."""
    bus = await Bus.connect(spark.run.nats_url)
    try:
        async with asyncio.timeout(10):
            while True:
                last = (await bus.jetstream.stream_info("FAULTS")).state.last_seq
                stored = [await bus.jetstream.get_msg("FAULTS", place) for place in range(1, last + 1)]
                seen = [FaultSeen.FromString(message.data or b"") for message in stored]
                found = [each for each in seen if (each.component, each.reason) == (component, reason)]
                assert all(each.workspace_id == "local" and each.traceparent for each in found)
                if sum(each.count for each in found) >= least:
                    return sum(each.count for each in found)
                await asyncio.sleep(0.05)
    finally:
        await bus.close()


async def test_a_hook_of_which_nothing_can_be_made_is_told(system: Spark) -> None:
    async with system.http() as client:
        for _ in range(3):
            reply = await client.post(HOOK_PATH, json={"session_id": "s", "hook_event_name": "PreToolUse", "cwd": "."})
            assert reply.json() == {}
    assert await told(system, "hook", "unusable", 3) == 3


async def test_a_moment_that_the_bus_did_not_take_is_told_when_it_is_back(system: Spark) -> None:
    async with system.http() as client:
        agent = Agent(client, "/srv/told")
        os.kill(engines_in(system.process.pid)["nats-server"].pid, signal.SIGKILL)
        places: list[int] = []
        async with asyncio.timeout(10):
            while not (places and places[-1] and 0 in places):
                places.append(sequence_of(await agent.works("true")))
    assert await told(system, "bus", "moment_lost", places.count(0))
