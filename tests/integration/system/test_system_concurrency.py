"""Many agents at once: nothing is lost between them, and one session hears each thing once."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from spark.packets.v1 import packets_pb2
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from tests.contract.valid_messages import valid
from tests.integration.metric_text import happened
from tests.integration.system.coding_agent import (
    Agent,
    advice_in,
    failing,
    sequence_of,
    unknown_flag,
    working,
)
from tests.integration.system.running_spark import ROOMY, Spark

if TYPE_CHECKING:
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub

WORDS = [f"w{number:02}{letter * 3}" for number, letter in enumerate("abcdefghijklmnop")]
PARALLEL_HOOKS = 32


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    spark = Spark.up(tmp_path_factory.mktemp("system") / "home", environment=ROOMY)
    yield spark
    assert spark.stop() == 0
    assert "Traceback" not in spark.said


async def at_once(system: Spark, folder: str, sessions: int, word: str) -> list[httpx.Response]:
    """32 calls proposed at the same time by so many sessions, all of the same command."""
    async with system.http() as client:
        agents = [Agent(client, folder) for _ in range(sessions)]
        calls = [agents[number % sessions].call("PreToolUse", failing(word)) for number in range(PARALLEL_HOOKS)]
        replies = await asyncio.gather(*(agents[0].send(call) for call in calls))
        metrics = (await client.get("/metrics")).text
    assert {reply.status_code for reply in replies} == {200}
    assert all(map(sequence_of, replies))
    assert not happened(metrics, 'end="failed"')
    assert not happened(metrics, 'end="late"')
    return replies


async def test_sixteen_agents_that_learn_at_once_keep_sixteen_packets(system: Spark) -> None:
    async with system.http() as client:

        async def work(word: str) -> int:
            agent = Agent(client, "/srv/crowd")
            assert sequence_of(await agent.prompts(f"make {word} fast")) > 0
            return sequence_of(await agent.learns(word))

        sequences = await asyncio.gather(*map(work, WORDS))
        assert len(set(sequences)) == len(WORDS)
        # Else a remedy may recommend another command's fix.
        await system.settle(max(sequences), forecasts=True)
        kept = await system.rows("select text from packets.packet where text like '%failed here before%'")
        assert len(kept) == len(WORDS)
        told = await asyncio.gather(
            *(Agent(client, "/srv/crowd").fails(failing(word), unknown_flag(word)) for word in WORDS)
        )
    for word, reply in zip(WORDS, told, strict=True):
        advice = advice_in(reply)
        assert working(word) in advice
        assert [other for other in WORDS if f"`{working(other)}`" in advice] == [word]


async def test_sixteen_packets_put_at_once_are_all_kept(system: Spark) -> None:
    async def put(stub: PacketsServiceAsyncStub, packet_id: str, revision: int) -> bool:
        request = valid(packets_pb2.PutPacketRequest)
        request.packet.packet_id = request.packet.lesson.lesson_id = packet_id
        request.packet.lesson.tool, request.packet.lesson.target = "Bash", "pytest"
        request.packet.fresh_until.FromDatetime(datetime.now(UTC) + timedelta(days=1))
        request.packet.revision = revision
        return (await stub.PutPacket(request, metadata=system.metadata)).stored

    async with system.grpc() as channel:
        stub = PacketsServiceStub(channel)
        ids = [f"{number:032x}" for number in range(16)]
        assert all(await asyncio.gather(*(put(stub, packet_id, 1) for packet_id in ids)))
        project = valid(packets_pb2.PutPacketRequest).packet.project_id
        status = await stub.GetStatus(packets_pb2.GetStatusRequest(project_id=project), metadata=system.metadata)
        assert status.total == len(ids)

        # Of one packet in sixteen versions the newest stands, once.
        await asyncio.gather(*(put(stub, ids[0], revision) for revision in range(2, 18)))
    versions = await system.rows("select revision from packets.packet where packet_id = $1", ids[0])
    assert [row["revision"] for row in versions] == [17]
    keys = await system.rows(
        "select packet_id, count(*) from packets.packet_key where packet_id = any($1) group by 1", ids
    )
    assert len({row["count"] for row in keys}) == 1
    assert len(keys) == len(ids)


@pytest.mark.parametrize("sessions", [1, 8, PARALLEL_HOOKS])
async def test_of_hooks_at_once_each_session_is_told_once(system: Spark, sessions: int) -> None:
    folder, word = f"/srv/crowd-of-{sessions}", f"crowd{sessions}"
    async with system.http() as client:
        await system.settle(sequence_of(await Agent(client, folder).learns(word)))
    replies = await at_once(system, folder, sessions, word)
    assert sum(working(word) in advice_in(reply) for reply in replies) == sessions


async def test_failures_at_once_in_one_session_are_told_the_fix_once(system: Spark) -> None:
    async with system.http() as client:
        await system.settle(sequence_of(await Agent(client, "/srv/failures").learns("failures")))
        agent = Agent(client, "/srv/failures")
        replies = await asyncio.gather(
            *(agent.fails(failing("failures"), unknown_flag("failures")) for _ in range(PARALLEL_HOOKS))
        )
        assert sum(working("failures") in advice_in(reply) for reply in replies) == 1
        await system.settle(max(map(sequence_of, replies)))
    assert await system.occurrences(failing("failures")) == 1 + PARALLEL_HOOKS
