from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count

from services.telemetry.watching import CAPACITY
from spark.router.v1 import router_pb2
from spark.telemetry.v1.telemetry_pb2 import WatchDecisionsRequest
from tests.integration.telemetry.world import World, calling, decided, ids

OTHER_PROJECT = "00000000000000bb"


class Reader:
    """Reads a watch decision by decision."""

    def __init__(self, world: World, request: WatchDecisionsRequest) -> None:
        self._items = aiter(world.stub.WatchDecisions(request))

    async def next(self) -> router_pb2.AdviceDecided:
        with calling():
            return (await anext(self._items)).decision

    async def until(self, decision_id: str) -> list[str]:
        """The ids that come, up to and with this one."""
        seen: list[str] = []
        while decision_id not in seen:
            seen.append((await self.next()).decision.decision_id)
        return seen


@asynccontextmanager
async def reading(world: World, project: str = "") -> AsyncGenerator[Reader]:
    """A reader whose watch is known to be on: it has seen a first decision."""
    with calling():
        reader = Reader(world, WatchDecisionsRequest(project_id=project))
    first = asyncio.create_task(reader.next())
    for n in count():
        await world.record(decided(f"first{n}", project=project or OTHER_PROJECT))
        if first.done():
            break
    await world.record(decided("on", project=project or OTHER_PROJECT))
    await first
    await reader.until("on")
    yield reader


async def test_a_watcher_sees_what_is_recorded_and_wanted(world: World) -> None:
    async with reading(world) as all_projects, reading(world, OTHER_PROJECT) as one_project:
        await world.record(
            decided("1"),
            decided("2", project=OTHER_PROJECT),
            decided("3", project=OTHER_PROJECT, workspace="stranger"),
            again := decided("4", project=OTHER_PROJECT),
            again,
            decided("5", project=OTHER_PROJECT),
        )
        assert [at for at in await all_projects.until("5") if at.isdigit()] == ["1", "2", "4", "5"]
        assert await one_project.until("5") == ["2", "4", "5"]


async def test_a_slow_reader_loses_the_oldest_and_holds_up_nobody(world: World) -> None:
    chunks = [[decided(f"{n:05}") for n in range(start, start + 250)] for start in range(0, CAPACITY + 500, 250)]
    async with reading(world) as slow, reading(world) as quick:
        for chunk in chunks:
            # While the slow one reads nothing, everything is recorded and the quick one is served.
            await world.record(*chunk)
            assert (await quick.until(ids(chunk)[-1]))[-250:] == ids(chunk)
        every = [decision_id for chunk in chunks for decision_id in ids(chunk)]
        assert await slow.until(every[-1]) == every[-CAPACITY:]
