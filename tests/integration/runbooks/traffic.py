"""What agents and users send during a drill."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import nats
from nats.js import JetStreamContext

from chassis.events import event_type, headers
from chassis.identifiers import new_ulid
from chassis.identity import LOCAL_WORKSPACE
from chassis.timestamps import to_datetime
from host.home import Run
from spark.memory.v1 import conversation_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.moment.v1 import moment_pb2
from spark.prefetch.v1 import prefetch_pb2
from tests.integration.memory.served import entry_message
from tests.integration.prefetch.world import Agent as Moments
from tests.integration.system.coding_agent import Agent, failing, unknown_flag
from tests.integration.system.running_spark import Spark

OBSERVED = event_type(moment_pb2.MomentObserved)
REQUESTED = event_type(prefetch_pb2.PrefetchRequested)
AT_ONCE = 250


async def hooks(
    client: httpx.AsyncClient, folder: str, word: str, count: int, at_once: int = 30
) -> list[httpx.Response]:
    """Failing calls, each of a session of its own, so many at a time."""
    turn = asyncio.Semaphore(at_once)

    async def one() -> httpx.Response:
        async with turn:
            return await Agent(client, folder).fails(failing(word), unknown_flag(word))

    return await asyncio.gather(*(one() for _ in range(count)))


async def remember(spark: Spark, count: int) -> None:
    """Entries of a conversation, 100 in a call."""
    async with spark.grpc() as channel:
        memory = MemoryServiceStub(channel)
        for start in range(0, count, 100):
            said = [entry_message(new_ulid(), "drill") for _ in range(start, min(count, start + 100))]
            request = conversation_pb2.RememberRequest(entries=said)
            await memory.Remember(request, metadata=spark.metadata, timeout=10)


@asynccontextmanager
async def stream_of(run: Run) -> AsyncGenerator[JetStreamContext]:
    """The bus, as another process reaches it."""
    bus = await nats.connect(run.nats_url)
    try:
        yield bus.jetstream()
    finally:
        await bus.close()


async def moments(run: Run, count: int) -> None:
    """Calls of many agents, straight onto the bus."""
    async with stream_of(run) as stream:
        for start in range(0, count, AT_ONCE):
            made = [Moments(f"drill-{number}").calls("ls") for number in range(start, min(count, start + AT_ONCE))]
            await asyncio.gather(*(publish_moment(stream, moment) for moment in made))


async def publish_moment(stream: JetStreamContext, moment: moment_pb2.Moment) -> None:
    """One of them."""
    place = (moment.envelope.workspace_id, moment.envelope.project_id, moment.envelope.session_id)
    subject = OBSERVED.subject_for(*place, "call_succeeded")
    carried = headers(OBSERVED, moment.envelope.event_id, to_datetime(moment.envelope.occurred_at), "")
    await stream.publish(subject, moment_pb2.MomentObserved(moment=moment).SerializeToString(), headers=carried)


async def preparations(run: Run, count: int) -> None:
    """Preparations that many sessions ask for."""
    async with stream_of(run) as stream:
        for start in range(0, count, AT_ONCE):
            names = [f"drill-{number}" for number in range(start, min(count, start + AT_ONCE))]
            await asyncio.gather(*(publish_request(stream, session) for session in names))


async def publish_request(stream: JetStreamContext, session: str) -> None:
    """One of them."""
    envelope = Moments(session).calls("ls").envelope
    message = prefetch_pb2.PrefetchRequested(envelope=envelope, sequence=1)
    subject = REQUESTED.subject_for(LOCAL_WORKSPACE, envelope.project_id, session, "")
    carried = headers(REQUESTED, new_ulid(), to_datetime(envelope.occurred_at), "")
    await stream.publish(subject, message.SerializeToString(), headers=carried)
