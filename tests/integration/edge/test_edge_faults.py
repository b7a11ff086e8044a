"""The fleet is away, slow, or does not know the machine any more: hooks go on, and nobody has to see to it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx

from tests.integration.chassis.waiting import eventually
from tests.integration.edge.machine import Machine, connected_to
from tests.integration.edge.wire import wire_to
from tests.integration.metric_text import happened
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import Spark

HURRIED = {"SPARK_ADVISORY_MAX_MS": "250"}
DEADLINE_S = 0.25
BUSY_S = 0.25
"""For a client in Python and two busy cores, on top of the deadline."""
PATIENCE_S = 40.0


async def ready(machine: Machine) -> dict[str, str]:
    """What the machine says is wrong."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{machine.run.http}/ready")).json()["troubles"]


async def advised(client: httpx.AsyncClient, folder: str, word: str) -> None:
    """Waits until a failure is answered with its fix."""
    async with asyncio.timeout(PATIENCE_S):
        while working(word) not in advice_in(await Agent(client, folder).fails(failing(word), unknown_flag(word))):
            await asyncio.sleep(0.1)


async def test_a_fleet_that_is_cut_off_costs_nothing_and_comes_back_by_itself(fleet: Spark, tmp_path: Path) -> None:
    async with (
        wire_to(fleet.run.http) as wire,
        connected_to(tmp_path / "one", wire.url, token=fleet.token, environment=HURRIED) as machine,
        machine.http() as client,
    ):
        await fleet.settle(sequence_of(await Agent(client, "/srv/cut").learns("cut")))
        await advised(client, "/srv/cut", "cut")
        await wire.cut()
        took: list[float] = []
        for number in range(20):
            began = time.monotonic()
            reply = await Agent(client, "/srv/cut").fails(failing(f"away-{number}"), unknown_flag(f"away-{number}"))
            took.append(time.monotonic() - began)
            assert (reply.status_code, sequence_of(reply), advice_in(reply)) == (200, 0, "")
        assert max(took) < DEADLINE_S + BUSY_S
        assert sorted(took)[10] < 0.05
        assert "fleet" in await ready(machine)
        lost = (await client.get("/metrics")).text
        assert 'spark_events_lost_total{event="moment"} 20.0' in lost
        await wire.mend()
        await advised(client, "/srv/cut", "cut")
        assert await ready(machine) == {}
    assert machine.said.count("fleet_unreachable") >= 1
    assert machine.said.count("fleet_unreachable") < 6, "said once for each reason, not at each hook"


async def test_a_slow_fleet_holds_up_three_hooks_and_learns_from_all(fleet: Spark, tmp_path: Path) -> None:
    async with (
        wire_to(fleet.run.http) as wire,
        connected_to(tmp_path / "one", wire.url, token=fleet.token, environment=HURRIED) as machine,
        machine.http() as client,
    ):
        agent = Agent(client, "/srv/slow")
        await agent.works("make warm")
        wire.hold()
        took: list[float] = []
        for number in range(12):
            began = time.monotonic()
            assert advice_in(await agent.fails(failing(f"slow-{number}"), unknown_flag(f"slow-{number}"))) == ""
            took.append(time.monotonic() - began)
        assert max(took) < DEADLINE_S + BUSY_S
        assert sum(each > 0.8 * DEADLINE_S * 0.9 for each in took) <= 4
        wire.let_go()
        async with asyncio.timeout(PATIENCE_S):
            while sum([await fleet.occurrences(failing(f"slow-{number}")) for number in range(12)]) < 12:
                await asyncio.sleep(0.1)
        assert not happened((await client.get("/metrics")).text, 'spark_events_lost_total{event="moment"}')


async def test_a_token_that_is_not_known_any_more_is_told(fleet: Spark, tmp_path: Path) -> None:
    other = Spark.up(tmp_path / "other")
    try:
        async with (
            wire_to(fleet.run.http) as wire,
            connected_to(tmp_path / "one", wire.url, token=fleet.token) as machine,
            machine.http() as client,
        ):
            await wire.cut()
            wire.lead_to(other.run.http)
            await wire.mend()
            reply = await Agent(client, "/srv/unknown").works("make x")
            assert (reply.status_code, sequence_of(reply)) == (200, 0)
            assert "does not know the token" in (await ready(machine))["fleet"]
    finally:
        other.stop()


async def test_a_machine_starts_while_the_fleet_is_away(fleet: Spark, tmp_path: Path) -> None:
    async with wire_to(fleet.run.http) as wire:
        async with connected_to(tmp_path / "one", wire.url, token=fleet.token) as machine, machine.http() as client:
            assert sequence_of(await Agent(client, "/srv/again").works("make x")) > 0
        await wire.cut()
        async with connected_to(tmp_path / "one") as machine, machine.http() as client:
            assert (await Agent(client, "/srv/again").works("make y")).status_code == 200
            await eventually(lambda: "without advice meanwhile" in " ".join(machine.said.split()))
            await wire.mend()
            async with asyncio.timeout(PATIENCE_S):
                while sequence_of(await Agent(client, "/srv/again").works("make z")) == 0:
                    await asyncio.sleep(0.1)
