"""Forgetting while agents are at work: what was seen before is gone for good, wherever it was on its way."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import asyncpg
from nats.js.errors import NotFoundError

from chassis.bus import Bus
from chassis.identifiers import new_ulid
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.memory.v1 import conversation_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag
from tests.integration.system.running_spark import EXIT_SECONDS, Spark, spark_process
from tests.integration.system.traces import all_rows


async def forget(spark: Spark, **subject: str) -> hooks_pb2.ForgetResponse:
    async with spark.grpc() as channel:
        request = hooks_pb2.ForgetRequest(**subject)
        return await HooksServiceStub(channel).Forget(request, metadata=spark.metadata, timeout=40)


async def project_of(spark: Spark, folder: str) -> str:
    async with spark.grpc() as channel:
        request = hooks_pb2.ResolveProjectRequest(folder=folder)
        return (await HooksServiceStub(channel).ResolveProject(request, metadata=spark.metadata)).project_id


async def held(spark: Spark, stream: str) -> list[bytes]:
    """All that a stream holds."""
    bus = await Bus.connect(spark.run.nats_url)
    state = (await bus.jetstream.stream_info(stream)).state
    found: list[bytes] = []
    for place in range(max(1, state.first_seq), state.last_seq + 1):
        with contextlib.suppress(NotFoundError):
            found.append((await bus.jetstream.get_msg(stream, place)).data or b"")
    await bus.close()
    return found


async def test_moments_that_are_not_learnt_yet_are_not_learnt_afterwards(system: Spark) -> None:
    blocker = await asyncpg.connect(system.run.database_url)
    async with system.http() as client:
        agent = Agent(client, "/srv/on-its-way")
        # Memory is given the first and cannot store it; the others wait in its hands.
        await blocker.execute("begin; lock table memory.learnt in access exclusive mode")
        words = [f"part{number}" for number in range(12)]
        last = [await agent.fails(failing(word), unknown_flag(word)) for word in words][-1]
        forgetting = asyncio.create_task(forget(system, session_id=agent.session))
        done, _ = await asyncio.wait([forgetting], timeout=0.5)
        await blocker.execute("commit")
        await blocker.close()
        gone = await forgetting
        assert not done, "it waits for what is on its way"
        assert gone.moments == 12
        await system.settle(sequence_of(last))
        assert await system.rows("select 1 from memory.learnt where session_id = $1", agent.session) == []
        assert await system.rows("select 1 from memory.session_state where session_id = $1", agent.session) == []


async def test_decisions_that_are_not_published_yet_are_not_recorded_afterwards(system: Spark) -> None:
    bus = await Bus.connect(system.run.nats_url)
    async with system.http() as client:
        agent = Agent(client, "/srv/just-decided")
        await asyncio.gather(*(agent.prompts(f"go on with part {number}") for number in range(20)))
        gone = await forget(system, session_id=agent.session)
        assert gone.decisions == 20
        # All that was handed over until now is recorded before this is.
        await Agent(client, "/srv/another").prompts("and now this")
    await bus.consumed("DECISIONS", 10)
    await bus.close()
    assert await system.rows("select 1 from telemetry.decision where session_id = $1", agent.session) == []


async def test_nothing_names_a_project_that_was_forgotten(system: Spark, tmp_path: Path) -> None:
    folder = tmp_path / "oddly-named-project"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    async with system.http() as client:
        await system.settle(sequence_of(await Agent(client, str(folder)).learns("quaintword")))
        reply = await Agent(client, str(folder)).fails(failing("quaintword"), unknown_flag("quaintword"))
        assert "quaintword" in advice_in(reply)
        await system.settle(sequence_of(reply))
    project_id = await project_of(system, str(folder))
    async with asyncio.timeout(10):
        while not any(project_id.encode() in data for data in await held(system, "OUTCOMES")):
            await asyncio.sleep(0.05)
    assert b"oddly-named-project" in await all_rows(system.run.database_url)
    gone = await forget(system, project_id=project_id)
    assert gone.moments == 3
    assert gone.lessons
    left = await all_rows(system.run.database_url)
    for word in (b"oddly-named-project", b"quaintword", project_id.encode()):
        assert word not in left
    for stream in ("MOMENTS", "DECISIONS", "OUTCOMES", "LESSONS"):
        for data in await held(system, stream):
            assert b"quaintword" not in data
            # Of a lesson its last word stays: that it is forgotten.
            assert stream == "LESSONS" or project_id.encode() not in data
    # Asked about again it is known as nothing but a folder.
    assert await project_of(system, str(folder)) == project_id
    assert b"oddly-named-project" not in await all_rows(system.run.database_url)


async def remember(spark: Spark, session: str, *texts: str) -> None:
    request = conversation_pb2.RememberRequest()
    for text in texts:
        entry = request.entries.add(entry_id=new_ulid(), session_id=session, text=text)
        entry.speaker = conversation_pb2.SPEAKER_USER
        entry.said_at.GetCurrentTime()
    async with spark.grpc() as channel:
        await MemoryServiceStub(channel).Remember(request, metadata=spark.metadata, timeout=5)


async def remembered(spark: Spark, session: str) -> list[str]:
    async with spark.grpc() as channel:
        request = conversation_pb2.ListEntriesRequest(session_id=session, include_archived=True)
        listed = await MemoryServiceStub(channel).ListEntries(request, metadata=spark.metadata, timeout=5)
    return [entry.text for entry in listed.entries]


async def test_a_conversation_is_forgotten_with_its_session(system: Spark, tmp_path: Path) -> None:
    await remember(system, "talked", "The heliotrope is written.")
    assert await remembered(system, "talked") == ["The heliotrope is written."]
    await system.rows("update memory.entry set archived_at = now() where session_id = 'talked'")
    await remember(system, "talked", "The heliotrope waits.")
    await remember(system, "talked-too", "Another says begonia.")
    gone = await forget(system, session_id="talked")
    assert (gone.entries, gone.lessons, gone.decisions) == (2, 0, 0)
    assert await remembered(system, "talked") == []
    assert b"heliotrope" not in await all_rows(system.run.database_url)

    said = tmp_path / "said"
    command = spark_process(system.home, "forget", "--session", "talked-too", "--yes", log=said)
    assert await asyncio.to_thread(command.wait, EXIT_SECONDS) == 0
    assert said.read_text() == "Erased of session talked-too: 1 remark.\n"
    assert b"begonia" not in await all_rows(system.run.database_url)
