"""A fleet where every service is on its own: a hook's whole way through it, and six faults under load. Hooks fail open,
nothing acknowledged is lost, and all is well again by itself.

One file, so that the fleet is started once.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chassis.identifiers import new_ulid
from tests.integration.fleet.fleet import ENGINES, READY_SECONDS, SERVICES, Fleet, until
from tests.integration.fleet.hook_command import Client, Hook
from tests.integration.fleet.images import DOCKERFILE
from tests.integration.fleet.ledger import STORED_SECONDS, decided, nothing_is_lost
from tests.integration.fleet.load import Load, advises_again, answered, load, posting
from tests.integration.system.coding_agent import Agent, failing, unknown_flag, working

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

RECOVERED_SECONDS = 20.0
"""From the end of a fault until advice is given again, on a machine that is busy with others."""
MEANWHILE = 20
"""Hooks that are answered while a fault lasts, and before and behind it."""
PUBLISHED = 0.8
"""Share of hooks whose event JetStream has at least, where it was there all along: what it does not take in time on a
busy machine is lost, as is all that comes while it is away."""


@asynccontextmanager
async def held_to_account(fleet: Fleet, *, bus: bool = True) -> AsyncGenerator[Load]:
    """A load, during which something breaks; behind it all promises are held against what is there.

    `bus` says that JetStream was there all along.
    """
    await advises_again(fleet, within=RECOVERED_SECONDS)
    async with load(fleet) as posted:
        await posted.goes_on(MEANWHILE)
        yield posted
        took = await advises_again(fleet, within=RECOVERED_SECONDS)
        await posted.goes_on(MEANWHILE)
    late = max(each.took_s for each in posted.answers)
    print(f"{len(posted.answers)} hooks, the slowest in {late:.3f} s; advice again after {took:.1f} s")
    assert not posted.failed
    await fleet.all_ready()
    held = await nothing_is_lost(fleet, posted.acknowledged)
    # Whoever acknowledges nothing loses nothing that was acknowledged.
    published = sum(each.session_id in posted.sessions for each in held)
    assert published >= (PUBLISHED * len(posted.answers) if bus else MEANWHILE), f"{published} events came to the bus"


async def test_a_failure_its_fix_and_the_same_failure_again(fleet: Fleet) -> None:
    word = f"flow{new_ulid().lower()[-6:]}"
    async with posting(fleet) as client:
        first = Agent(client, "/srv/flow")
        posted = [await answered(first.prompts(f"Make the tests of {word} pass"))]
        posted.append(await answered(first.fails(failing(word), unknown_flag(word))))
        posted.append(await answered(first.works(working(word))))
        assert [each.trouble for each in posted] == ["", "", ""]
        assert all(each.sequence for each in posted)
        sessions: list[str] = []

        async def told() -> bool:
            again = Agent(client, "/srv/flow")
            sessions.append(again.session)
            return working(word) in (await answered(again.fails(failing(word), unknown_flag(word)))).said

        await until(told, within=RECOVERED_SECONDS)

    async def recorded() -> bool:
        return any(said for _, said in await decided(fleet.database_url, sessions[-1]))

    await until(recorded, within=STORED_SECONDS)
    await nothing_is_lost(fleet, {each.sequence for each in posted})


async def test_every_service_is_on_its_own_and_ready(fleet: Fleet) -> None:
    await fleet.all_ready()
    places = {fleet.web(service) for service in SERVICES}
    assert len(places - {None}) == len(SERVICES)


async def test_the_health_check_of_the_image_passes(fleet: Fleet) -> None:
    found = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE)
    assert found is not None
    words: list[str] = json.loads(found[1])
    for service in SERVICES:
        assert await fleet.run(service, words) == (0, "serving"), service


@pytest.mark.parametrize("victim", ["packets", "inference"])
async def test_a_service_is_killed(fleet: Fleet, victim: str) -> None:
    async with held_to_account(fleet) as posted:
        await fleet.kill(victim)
        await posted.goes_on(MEANWHILE)
        # Whatever watches over it has started it again; nobody else has.
        await until(lambda: fleet.ready(victim), within=READY_SECONDS)


@pytest.mark.parametrize("victim", ["router", "prefetch"])
async def test_a_service_is_paused(fleet: Fleet, victim: str) -> None:
    async with held_to_account(fleet) as posted, fleet.paused(victim):
        await posted.goes_on(2 * MEANWHILE)


@pytest.mark.parametrize("victim", ["memory", "telemetry"])
async def test_a_service_is_cut_off_from_the_network(fleet: Fleet, victim: str) -> None:
    async with held_to_account(fleet) as posted:
        async with fleet.cut_off(victim):
            await posted.goes_on(2 * MEANWHILE)
        await until(lambda: fleet.ready(victim), within=READY_SECONDS)


@pytest.mark.parametrize("victim", ["packets", "router"])
async def test_a_service_is_rolled_to_its_next_version(fleet: Fleet, victim: str) -> None:
    before = (await fleet.health(victim))["version"]
    async with held_to_account(fleet) as posted:
        following = await fleet.roll(victim)
        await posted.goes_on(MEANWHILE)
    assert (await fleet.health(victim))["version"] == following != before


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_engine_is_restarted(fleet: Fleet, engine: str) -> None:
    async with held_to_account(fleet, bus=engine != "nats") as posted, fleet.without(engine):
        await posted.goes_on(MEANWHILE)


async def test_the_gateway_is_killed(fleet: Fleet, tmp_path: Path) -> None:
    client = Client.of(fleet, tmp_path / "client")
    assert json.loads((await client.hook()).printed) == {}
    await fleet.kill("gateway")
    hooks: list[Hook] = []

    async def answers_again() -> bool:
        hooks.append(await client.hook())
        return bool(hooks[-1].printed)

    await until(answers_again, within=READY_SECONDS)
    assert {(each.status, each.complained) for each in hooks} == {(0, b"")}
    assert len([each for each in hooks if not each.printed]) > 0, "some were posted while it was away"
    await advises_again(fleet, within=RECOVERED_SECONDS)
    await fleet.all_ready()
    await nothing_is_lost(fleet, set())
