"""An engine dies or hangs while agents are at work: they are answered in time, and nothing acknowledged is lost."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import nats
import psutil
import pytest

from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.process_tree import alive, engines_in, tree_of
from tests.integration.system.running_spark import Spark
from tests.integration.system.witness import Witness

TROUBLE = {"postgres": "postgres", "nats-server": "nats"}


@contextmanager
def stopped(processes: Sequence[psutil.Process]) -> Generator[None]:
    """Processes that are there and do nothing."""
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


@pytest.mark.parametrize("engine", ["postgres", "nats-server"])
async def test_an_engine_is_killed(system: Spark, engine: str) -> None:
    async with system.http() as client:
        folder, word = f"/srv/{engine}-killed", f"{TROUBLE[engine]}kill"
        witness = Witness(system, client, folder, word)
        await witness.teaches()
        victim = engines_in(system.process.pid)[engine]
        async with witness.busy():
            os.kill(victim.pid, signal.SIGKILL)
            await witness.until_troubled(by=TROUBLE[engine])
            await witness.until_well()
        print(f"{engine}: slowest hook {witness.slowest * 1000:.0f} ms, {witness.troubles}", end="; ")
        print(f"{len(witness.acknowledged)} acknowledged, {len(witness.unacknowledged)} not")
        assert set(witness.troubles) == {TROUBLE[engine]}
        assert engines_in(system.process.pid)[engine].pid != victim.pid
        assert alive([psutil.Process(system.run.pid)])
        await witness.until_advised()
        await witness.agrees()


async def test_nats_hangs_and_advice_still_arrives(system: Spark) -> None:
    async with system.http() as client:
        witness = Witness(system, client, "/srv/nats-hangs", "natshang")
        await witness.teaches()
        with stopped([engines_in(system.process.pid)["nats-server"]]):
            assert working("natshang") in advice_in(await witness.sees_a_hook())
            await witness.until_troubled(by="nats")
            assert working("natshang") in advice_in(await witness.sees_a_hook())
        assert len(witness.unacknowledged) == 2
        await witness.until_well()
        await witness.agrees()


async def test_postgres_hangs_and_no_event_is_lost_even_of_a_new_folder(system: Spark) -> None:
    async with system.http() as client:
        witness = Witness(system, client, "/srv/postgres-hangs", "pghang")
        with stopped([each for each in tree_of(system.process.pid) if "postgres" in each.name()]):
            for _ in range(3):
                await witness.sees_a_hook()
            await witness.until_troubled(by="postgres")
        assert witness.unacknowledged == []
        await witness.until_well()
        await witness.agrees()


async def test_an_event_that_comes_again_is_counted_once(system: Spark) -> None:
    async with system.http() as client:
        agent = Agent(client, "/srv/again")
        first = sequence_of(await agent.fails(failing("again"), unknown_flag("again")))
        same = sequence_of(await agent.fails(failing("again"), unknown_flag("again"), tool_use_id="toolu_once"))
        assert sequence_of(await agent.fails(failing("again"), unknown_flag("again"), tool_use_id="toolu_once")) == same
    bus = await nats.connect(system.run.nats_url)
    try:
        stream = bus.jetstream()
        stored = await stream.get_msg("MOMENTS", first)
        assert stored.subject is not None
        # Without its id the stream takes it for new, as when a batch was stored and not acknowledged before a crash.
        again = await stream.publish(stored.subject, stored.data or b"")
    finally:
        await bus.close()
    assert again.seq > same
    await system.settle(again.seq)
    assert await system.occurrences(failing("again")) == 2
