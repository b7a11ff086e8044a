"""Prefetch and packets at work between a real Postgres and a real NATS, as one process would carry them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import asyncpg
from google.protobuf.duration_pb2 import Duration

from chassis.bus import Bus
from chassis.calls import CallContext, current_call
from chassis.chain import Chain
from chassis.channels import Channels
from chassis.clock import SystemClock
from chassis.database import Database
from chassis.events import event_type
from chassis.identifiers import digest
from chassis.identity import LOCAL_WORKSPACE, Tokens
from chassis.interceptors import STANDARD
from chassis.local import LocalChannel
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from chassis.service import Surroundings
from chassis.settings import Settings
from services.inference.assembly import SERVICE as INFERENCE
from services.packets.assembly import SERVICE as PACKETS
from services.prefetch.assembly import SERVICE as PREFETCH
from spark.moment.v1 import moment_pb2 as m
from spark.packets.v1 import packets_pb2
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1 import prefetch_pb2
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub

if TYPE_CHECKING:
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub
    from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceAsyncStub

PROJECT, OTHER_PROJECT = "a" * 16, "b" * 16
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OBSERVED = event_type(m.MomentObserved)
WORKED, FAILED, PROMPT = m.MOMENT_KIND_CALL_SUCCEEDED, m.MOMENT_KIND_CALL_FAILED, m.MOMENT_KIND_PROMPT_SUBMITTED
PATIENCE_S = 20

KINDS = {
    WORKED: "call_succeeded",
    FAILED: "call_failed",
    PROMPT: "prompt_submitted",
    m.MOMENT_KIND_CALL_REJECTED: "call_rejected",
}


@dataclass
class Agent:
    """One agent session; its moments follow each other by a minute."""

    session: str
    project: str = PROJECT
    agent: str = ""
    at: datetime = START
    numbers: count[int] = field(default_factory=lambda: count(1))

    def calls(self, command: str, kind: m.MomentKind.ValueType = WORKED, **changes: str) -> m.Moment:
        """A command that came back."""
        made = self._moment(kind)
        words = command.split()
        made.call.tool, made.call.target, made.call.command = "Bash", command, command
        made.call.target_class, made.call.program = " ".join(words[:2]), words[0]
        made.call.tool_use_id = made.envelope.event_id[:12]
        if kind == FAILED:
            made.outcome.failure_class, made.outcome.signature = "shell.bad_flag", "unknown flag: --a"
            made.outcome.mistake = True
        for name, value in changes.items():
            setattr(made.outcome if name in {"signature", "error"} else made.call, name, value)
        return made

    def fails(self, command: str, **changes: str) -> m.Moment:
        return self.calls(command, FAILED, **changes)

    def goes_on(self) -> list[m.Moment]:
        """Calls after which a failure lies out of reach: within it the remedy that was told stands."""
        return [self.calls(f"ls src{number}") for number in range(5)]

    def prompts(self, *tokens: str) -> m.Moment:
        made = self._moment(PROMPT)
        made.prompt.tokens.extend(tokens)
        return made

    def _moment(self, kind: m.MomentKind.ValueType) -> m.Moment:
        number = next(self.numbers)
        made = m.Moment(kind=kind)
        envelope = made.envelope
        envelope.event_id = digest(self.session, self.agent, str(number))
        envelope.workspace_id, envelope.project_id = LOCAL_WORKSPACE, self.project
        envelope.session_id, envelope.agent_id = self.session, self.agent
        envelope.client, envelope.origin, envelope.schema_version = "claude-code", m.ORIGIN_LIVE, 1
        for stamp in (envelope.occurred_at, envelope.observed_at):
            stamp.FromDatetime(self.at + timedelta(minutes=number))
        return made


@dataclass(frozen=True)
class World:
    """What a test can do: publish moments, ask the services, look at their tables."""

    bus: Bus
    prefetch: PrefetchServiceAsyncStub
    packets: PacketsServiceAsyncStub
    tables: asyncpg.Connection

    async def sees(self, *moments: m.Moment) -> int:
        """Publishes moments; returns the last one's place in the stream."""
        sequence = 0
        for moment in moments:
            place = moment.envelope
            subject = OBSERVED.subject_for(place.workspace_id, place.project_id, place.session_id, KINDS[moment.kind])
            data = m.MomentObserved(moment=moment).SerializeToString()
            sequence = (await self.bus.publish(OBSERVED.stream, subject, data, {}, 5.0)).sequence
        return sequence

    async def prepared_for(self, *moments: m.Moment) -> None:
        """Publishes moments one by one, and waits each time until the next one is prepared for."""
        for moment in moments:
            await self.prepared(await self.sees(moment))

    async def prepared(self, sequence: int, patience: float = PATIENCE_S) -> int:
        wanted = Duration()
        wanted.FromTimedelta(timedelta(seconds=patience))
        request = prefetch_pb2.AwaitPreparedRequest(sequence=sequence, patience=wanted)
        return (await self.prefetch.AwaitPrepared(request)).learnt

    async def found(self, moment: m.Moment) -> packets_pb2.Preparation:
        """What a lookup finds prepared for a moment."""
        return (await self.packets.Lookup(packets_pb2.LookupRequest(moment=moment))).prepared

    async def status(self) -> prefetch_pb2.GetStatusResponse:
        return await self.prefetch.GetStatus(prefetch_pb2.GetStatusRequest())

    async def count(self, table: str) -> int:
        return await self.tables.fetchval(f"select count(*) from {table}")

    async def dead(self) -> int:
        """How many events were set aside as poison."""
        return (await self.bus.jetstream.stream_info("DEAD_LETTERS")).state.messages


@asynccontextmanager
async def open_world(database_url: str, bus_url: str, **settings: str) -> AsyncGenerator[World]:
    """Migrates, assembles and starts both services, and inference where an engine is named; stops them at the end."""
    services = (PACKETS, INFERENCE, PREFETCH) if "SPARK_INFERENCE_ENGINES" in settings else (PACKETS, PREFETCH)
    for service in services:
        await migrate(database_url, service.schema, read_migrations(service.package))
    async with AsyncExitStack() as stack:
        bus = await Bus.connect(bus_url)
        stack.push_async_callback(bus.close)
        await bus.ensure_streams()
        tables = await asyncpg.connect(database_url)
        stack.push_async_callback(tables.close)
        tokens = Tokens({})
        channels = Channels(tokens, {})

        def database(schema: str, size: int) -> Database:
            opened = Database(database_url, role=role_of(schema), size=size)
            stack.push_async_callback(opened.close)
            return opened

        for service in services:
            given = Surroundings(SystemClock(), Settings(settings), channels, tokens, database, bus)
            running = service.assemble(given)
            channels.carry(service.name, LocalChannel(running.servicer, service.methods, Chain(STANDARD)))
            await running.start()
            stack.push_async_callback(running.stop)
            for consumer in running.consumers:
                await consumer.start()
                stack.push_async_callback(consumer.stop)
        stubs = PrefetchServiceStub(channels.to("prefetch")), PacketsServiceStub(channels.to("packets"))
        yield World(bus, *stubs, tables)


@contextmanager
def calling(workspace: str = LOCAL_WORKSPACE) -> Generator[None]:
    """Calls of a stub within the block are this workspace's."""
    token = current_call.set(CallContext("/test/Test", workspace))
    try:
        yield
    finally:
        current_call.reset(token)
