"""Drills: Postgres hangs."""

from __future__ import annotations

import psutil
import pytest

from tests.integration.runbooks.ground import Ground, drills, stop_hanging
from tests.integration.runbooks.pages import DO, LOOK, VERIFY
from tests.integration.runbooks.traffic import hooks, moments, preparations, remember
from tests.integration.system.coding_agent import Agent, sequence_of
from tests.integration.system.process_tree import tree_of

# Commands are processes of their own, and with Postgres hanging each waits for it.
pytestmark = pytest.mark.timeout(300)

SLOW = {"SPARK_ADVISORY_MAX_MS": "2200"}
SLOWED = ("error-rate", "hook-p95", "hook-p99")
HOOKS = 210
"""The budget of `hook-p99` and `error-rate` is judged from 200 events on."""


def hang(ground: Ground) -> list[psutil.Process]:
    """Stops all processes of Postgres where they are."""
    hanging = [each for each in tree_of(ground.run.pid) if "postgres" in each.name()]
    assert len(hanging) > 1
    for each in hanging:
        each.suspend()
    return hanging


@drills("hook-p95", "hook-p99", "error-rate")
async def test_postgres_hangs_and_hooks_may_wait(ground: Ground) -> None:
    watched = await ground.up(**SLOW)
    async with ground.http() as client:
        await ground.spark.settle(sequence_of(await Agent(client, "/srv/slow").learns("slow")))
        await watched.is_quiet("hook-p95", "hook-p99", "error-rate", "not-ready")
        hanging = hang(ground)
        try:
            assert {reply.status_code for reply in await hooks(client, "/srv/slow", "slow", HOOKS)} == {200}
            await watched.fires("hook-p95", "hook-p99")
        finally:
            stop_hanging(hanging)
        # What was decided meanwhile is counted once Postgres is back.
        assert (await watched.fires("error-rate"))["error-rate"] == "page"
    await ground.follow(LOOK, *SLOWED)
    await ground.follow(DO, *SLOWED)
    async with ground.http() as client:
        await hooks(client, "/srv/slow", "slow", HOOKS, at_once=4)
    await ground.follow(VERIFY, *SLOWED)
    await ground.watched().is_quiet(*SLOWED)


@drills("postgres-away", "not-ready", "queue", "prefetch-queue", "consumer-lag")
async def test_postgres_hangs_and_work_piles_up(ground: Ground) -> None:
    names = ("not-ready", "queue", "prefetch-queue", "consumer-lag")
    watched = await ground.up()
    await watched.is_quiet(*names)
    hanging = hang(ground)
    try:
        await remember(ground.spark, 1001)
        await moments(ground.run, 5200)
        # Those that fail meanwhile are dropped.
        await preparations(ground.run, 1500)
        firing = await watched.fires(*names)
        assert (firing["queue"], firing["not-ready"], firing["consumer-lag"]) == ("page", "page", "ticket")
        said = await ground.follow(LOOK, "postgres-away", *names)
        assert "postgres: " in said
        await ground.follow(DO, "postgres-away", *names)
    finally:
        stop_hanging(hanging)
    await ground.follow(VERIFY, "postgres-away", *names)
    await watched.is_quiet(*names)
    assert await ground.spark.rows("select 1 from memory.entry having count(*) >= 1001") != []
