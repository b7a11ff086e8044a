"""Inference at work behind a real gRPC server, as one process would carry it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import grpc.aio

from chassis.chain import Chain
from chassis.channels import Channels
from chassis.clock import SystemClock
from chassis.contract import methods
from chassis.database import Database
from chassis.identifiers import new_ulid
from chassis.identity import Tokens
from chassis.interceptors import STANDARD
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from chassis.server import GrpcServer
from chassis.service import Running, Surroundings
from chassis.settings import Settings
from services.inference.assembly import SERVICE
from spark.inference.v1 import engines_pb2, generation_pb2, inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from tests.integration.chassis.waiting import eventually

if TYPE_CHECKING:
    from spark.inference.v1.inference_pb2_grpc import InferenceServiceAsyncStub

TOKEN = "token-of-local"
METADATA = (("authorization", f"Bearer {TOKEN}"),)
PATIENCE_S = 60.0
UNBOUNDED = {"SPARK_INFERENCE_DAILY_BUDGET_USD": "10000"}
"""These tests are not about money, and loopback servers stand in for those that cost it."""


@dataclass
class Reply:
    """All that came of one generation."""

    started: generation_pb2.Started | None = None
    pieces: list[str] = field(default_factory=list[str])
    finished: generation_pb2.Finished | None = None
    failed: generation_pb2.Failed | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def hear(self, event: generation_pb2.GenerateResponse) -> None:
        """Takes one event, which must be one that may come now."""
        assert self.finished is None
        assert self.failed is None
        kind = event.WhichOneof("event")
        assert (self.started is None) == (kind == "started")
        if kind == "delta":
            self.pieces.append(event.delta.text)
        else:
            setattr(self, str(kind), getattr(event, str(kind)))


@dataclass
class World:
    """Inference, and a client of it."""

    running: Running
    stub: InferenceServiceAsyncStub

    def stream(self, request: generation_pb2.GenerateRequest, timeout: float = PATIENCE_S) -> Any:
        """A call under way."""
        return self.stub.Generate(request, timeout=timeout, metadata=METADATA)

    async def generated(self, request: generation_pb2.GenerateRequest, timeout: float = PATIENCE_S) -> Reply:
        """A call taken to its end."""
        return await rest_of(self.stream(request, timeout), Reply())

    async def abort(self, request_id: str) -> None:
        await self.stub.Abort(inference_pb2.AbortRequest(request_id=request_id), timeout=5, metadata=METADATA)

    async def health(self) -> dict[str, engines_pb2.EngineHealth]:
        answer = await self.stub.GetHealth(inference_pb2.GetHealthRequest(), timeout=5, metadata=METADATA)
        return {engine.engine: engine for engine in answer.engines}

    async def state(self, engine: str) -> str:
        found = (await self.health())[engine]
        return engines_pb2.EngineState.Name(found.state).removeprefix("ENGINE_STATE_")

    async def load(self, engine: str) -> engines_pb2.EngineLoad:
        answer = await self.stub.GetLoad(inference_pb2.GetLoadRequest(), timeout=5, metadata=METADATA)
        return next(load for load in answer.engines if load.engine == engine)

    async def info(self, engine: str) -> engines_pb2.ModelInfo:
        answer = await self.stub.GetModelInfo(inference_pb2.GetModelInfoRequest(), timeout=5, metadata=METADATA)
        return next(model for model in answer.models if model.engine == engine)

    async def until(self, engine: str, state: str) -> None:
        async def reached() -> bool:
            return await self.state(engine) == state

        await eventually(reached, within=PATIENCE_S)

    async def until_idle(self, engine: str) -> None:
        async def idle() -> bool:
            load = await self.load(engine)
            return (load.running, load.queued) == (0, 0)

        await eventually(idle, within=PATIENCE_S)


async def rest_of(call: Any, reply: Reply) -> Reply:
    """The call's further events."""
    while (event := await call.read()) is not grpc.aio.EOF:
        reply.hear(event)
    return reply


async def until_piece(call: Any, count: int = 1) -> Reply:
    """The call's events up to a piece of its text."""
    reply = Reply()
    while len(reply.pieces) < count:
        event = await call.read()
        assert event is not grpc.aio.EOF, "it ended before"
        reply.hear(event)
    return reply


def asked(text: str = "say something", **fields: Any) -> generation_pb2.GenerateRequest:
    """A request of its own id."""
    message = generation_pb2.Message(role=generation_pb2.ROLE_USER, text=text)
    return generation_pb2.GenerateRequest(request_id=new_ulid(), messages=[message], **fields)


@dataclass
class Store:
    """The database of the present test."""

    url: str = ""


STORE = Store()


@asynccontextmanager
async def inference(home: Path, settings: Mapping[str, str]) -> AsyncGenerator[World]:
    """Inference with these settings on the test's database, started and not waited for; ended with the block."""
    tokens = Tokens({TOKEN: "local"})
    await migrate(STORE.url, SERVICE.schema, read_migrations(SERVICE.package))
    database = Database(STORE.url, role=role_of(SERVICE.schema), size=2)
    # It hears nothing: no bus is asked for. Memory is not carried here, so that nothing is recalled.
    given = Surroundings(
        SystemClock(),
        Settings({**UNBOUNDED, **settings}),
        Channels(tokens, {}),
        tokens,
        lambda _schema, _size: database,
        cast("Any", None),
        home,
    )
    running = SERVICE.assemble(given)
    server = GrpcServer(Chain(STANDARD), tokens)
    server.add(SERVICE.contract.full_name, running.servicer, methods(SERVICE.contract))
    port = await server.start("127.0.0.1:0")
    await running.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield World(running, InferenceServiceStub(channel))
    finally:
        await server.stop(0)
        await running.stop()
        await database.close()
