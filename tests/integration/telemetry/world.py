"""The telemetry service at work between a real Postgres and a real NATS, as a process would carry it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from google.protobuf.message import Message
from prometheus_client import REGISTRY

from chassis.bus import Bus
from chassis.calls import CallContext, current_call
from chassis.chain import Chain
from chassis.channels import Channels
from chassis.clock import Clock, SystemClock
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events import event_type
from chassis.identifiers import digest, new_ulid
from chassis.identity import LOCAL_WORKSPACE, Tokens
from chassis.interceptors import STANDARD
from chassis.local import LocalChannel
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from chassis.service import Surroundings
from chassis.settings import Settings
from services.telemetry.assembly import SERVICE
from services.telemetry.events import ADVICE_DECIDED
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2_grpc
from spark.telemetry.v1.telemetry_pb2 import ListDecisionsRequest

PROJECT = "00000000000000aa"
PATIENCE_S = 20.0


@dataclass(frozen=True)
class World:
    """What a test can do: publish decisions, ask the service, look at its tables."""

    bus: Bus
    stub: telemetry_pb2_grpc.TelemetryServiceAsyncStub
    consumer: Consumer
    consumers: Sequence[Consumer]
    tables: asyncpg.Connection

    async def publish(self, *events: router_pb2.AdviceDecided) -> int:
        """Publishes each event as a message of its own; returns the last one's place in the stream."""
        return await self.publish_raw(*(event.SerializeToString() for event in events))

    async def publish_raw(self, *messages: bytes) -> int:
        sequence = 0
        for message in messages:
            ack = await self.bus.publish(ADVICE_DECIDED.stream, ADVICE_DECIDED.subject_for("w"), message, {}, 5.0)
            sequence = ack.sequence
        return sequence

    async def record(self, *events: router_pb2.AdviceDecided) -> None:
        """Publishes the events and waits until the service has them."""
        await self.consumer.reached(await self.publish(*events), PATIENCE_S)

    async def announce(self, *events: Message) -> None:
        """Publishes events of any kind and waits until the service has them."""
        for event in events:
            kind = event_type(type(event))
            await self.bus.publish(kind.stream, kind.subject_for("w"), event.SerializeToString(), {}, 5.0)
        for consumer in self.consumers:
            await consumer.caught_up(PATIENCE_S)

    async def listed(
        self, request: ListDecisionsRequest | None = None, workspace: str = LOCAL_WORKSPACE
    ) -> Sequence[router_pb2.AdviceDecided]:
        with calling(workspace):
            return (await self.stub.ListDecisions(request or ListDecisionsRequest(page_size=500))).decisions

    async def rows(self) -> int:
        return await self.tables.fetchval("select count(*) from telemetry.decision")

    async def dead(self) -> int:
        """How many events were set aside as poison."""
        return (await self.bus.jetstream.stream_info("DEAD_LETTERS")).state.messages

    async def days(self) -> list[str]:
        """Names of the partitions."""
        found = await self.tables.fetch(
            "select inhrelid::regclass::text as name from pg_inherits"
            " where inhparent = 'telemetry.decision'::regclass order by 1"
        )
        return [row["name"] for row in found]


@asynccontextmanager
async def open_world(database_url: str, bus_url: str, clock: Clock | None = None) -> AsyncGenerator[World]:
    """Migrates, assembles and starts the service, and stops it at the end."""
    await migrate(database_url, SERVICE.schema, read_migrations(SERVICE.package))
    bus = await Bus.connect(bus_url)
    await bus.ensure_streams()
    databases: list[Database] = []

    def database(schema: str, size: int) -> Database:
        databases.append(Database(database_url, role=role_of(schema), size=size))
        return databases[-1]

    tokens = Tokens({})
    channels = Channels(tokens, {})
    surroundings = Surroundings(
        clock=clock or SystemClock(),
        settings=Settings({}),
        channels=channels,
        tokens=tokens,
        database=database,
        bus=bus,
    )
    running = SERVICE.assemble(surroundings)
    channels.carry(SERVICE.name, LocalChannel(running.servicer, SERVICE.methods, Chain(STANDARD)))
    await running.start()
    for consumer in running.consumers:
        await consumer.start()
    tables = await asyncpg.connect(database_url)
    try:
        stub = telemetry_pb2_grpc.TelemetryServiceStub(channels.to(SERVICE.name))
        yield World(bus, stub, running.consumers[0], running.consumers, tables)
    finally:
        for consumer in running.consumers:
            await consumer.stop()
        await running.stop()
        await bus.close()
        for opened in databases:
            await opened.close()
        if not tables.is_closed():
            await tables.close()


@contextmanager
def calling(workspace: str = LOCAL_WORKSPACE) -> Generator[None]:
    """Calls of the stub within the block are this workspace's."""
    token = current_call.set(CallContext("/test/Test", workspace))
    try:
        yield
    finally:
        current_call.reset(token)


def decided(
    decision_id: str = "",
    *,
    workspace: str = LOCAL_WORKSPACE,
    project: str = PROJECT,
    session: str = "session",
    observed_at: datetime | None = None,
    occurred_at: datetime | None = None,
    origin: moment_pb2.Origin.ValueType = moment_pb2.ORIGIN_LIVE,
    route: router_pb2.Route.ValueType = router_pb2.ROUTE_DETERMINISTIC,
    silence: router_pb2.Silence.ValueType = router_pb2.SILENCE_NO_LESSON,
    text: str = "",
    tool: str = "Bash",
    hook_latency_us: int = 1500,
) -> router_pb2.AdviceDecided:
    """A decision as the router announces it: silent, or said where a text is given."""
    decision_id = decision_id or new_ulid()
    observed_at = observed_at or datetime.now(UTC)
    event = router_pb2.AdviceDecided(
        envelope=moment_pb2.Envelope(
            event_id=digest(workspace, decision_id),
            workspace_id=workspace,
            project_id=project,
            session_id=session,
            client="claude-code",
            origin=origin,
            schema_version=1,
            decision_id=decision_id,
        ),
        kind=moment_pb2.MOMENT_KIND_CALL_PROPOSED,
        tool=tool,
        target="make test",
        decision=router_pb2.Decision(
            decision_id=decision_id,
            route=route,
            text=text,
            silence=router_pb2.SILENCE_UNSPECIFIED if text else silence,
            latency_us=300,
        ),
        hook_latency_us=hook_latency_us,
    )
    event.envelope.observed_at.FromDatetime(observed_at)
    event.envelope.occurred_at.FromDatetime(occurred_at or observed_at)
    return event


def ids(events: Sequence[router_pb2.AdviceDecided]) -> list[str]:
    return [event.decision.decision_id for event in events]


def sample(name: str, **labels: str) -> float:
    """The present value of a metric of this process; 0 when it has none yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
