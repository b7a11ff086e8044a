"""An engine dies or hangs while agents are at work: they are answered in time, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import psutil
import pytest

from tests.integration.system.coding_agent import advice_in, working
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
        assert working(word) in advice_in(await witness.sees_a_hook())
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
