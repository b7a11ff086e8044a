"""Drills: NATS hangs, and an event is poison."""

from __future__ import annotations

import pytest

from chassis.identity import LOCAL_WORKSPACE
from tests.integration.runbooks.ground import Ground, drills, stop_hanging
from tests.integration.runbooks.pages import DO, LOOK, VERIFY
from tests.integration.runbooks.traffic import OBSERVED, hooks, stream_of
from tests.integration.system.coding_agent import Agent, sequence_of
from tests.integration.system.process_tree import engines_in

# Commands are processes of their own, and with Postgres hanging each waits for it.
pytestmark = pytest.mark.timeout(300)


@drills("events-lost", "nats-away")
async def test_nats_hangs(ground: Ground) -> None:
    watched = await ground.up()
    async with ground.http() as client:
        await ground.spark.settle(sequence_of(await Agent(client, "/srv/lost").learns("lost")))
        await watched.is_quiet("events-lost", "not-ready")
        server = engines_in(ground.run.pid)["nats-server"]
        server.suspend()
        try:
            assert [sequence_of(reply) for reply in await hooks(client, "/srv/lost", "lost", 2)] == [0, 0]
            firing = await watched.fires("events-lost", "not-ready")
            assert firing["events-lost"] == "page"
            assert "nats" in await ground.follow(LOOK, "nats-away", "events-lost")
            await ground.follow(DO, "nats-away")
        finally:
            stop_hanging([server])
        await ground.follow(VERIFY, "nats-away")
        ground.worked_before()
        await ground.follow(DO, "events-lost")
        await ground.follow(VERIFY, "events-lost")
        watched.forget()
        assert min(sequence_of(reply) for reply in await hooks(client, "/srv/lost", "lost", 2)) > 0
        await watched.is_quiet("events-lost", "not-ready")


@drills("dead-letters")
async def test_an_event_is_poison(ground: Ground) -> None:
    watched = await ground.up()
    await watched.is_quiet("dead-letters")
    async with stream_of(ground.run) as stream:
        subject = OBSERVED.subject_for(LOCAL_WORKSPACE, "a" * 16, "drill", "call_failed")
        await stream.publish(subject, b"\xff\xff no event")
    assert (await watched.fires("dead-letters"))["dead-letters"] == "ticket"
    assert "cannot be handled" in await ground.follow(LOOK, "dead-letters")
    await ground.follow(DO, "dead-letters")
    await ground.follow(VERIFY, "dead-letters")
    async with ground.http() as client:
        reply = await Agent(client, "/srv/poison").learns("poison")
        assert await ground.spark.settle(sequence_of(reply)) >= sequence_of(reply)
    watched.forget()
    await watched.is_quiet("dead-letters")
