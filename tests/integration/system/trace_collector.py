"""A collector of traces as OpenTelemetry defines it, over real gRPC: keeps what it is given, or lets callers wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc.aio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,  # pyright: ignore[reportUnknownVariableType]
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector(TraceServiceServicer):
    """What was exported to it, in its order. While `hanging`, it takes calls and never answers."""

    hanging: bool = False
    spans: list[Span] = field(default_factory=list[Span])
    asked: int = 0
    url: str = ""

    async def Export(self, request: ExportTraceServiceRequest, context: object) -> ExportTraceServiceResponse:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.asked += 1
        while self.hanging:
            await asyncio.sleep(0.01)
        self.spans += (
            span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
        )
        return ExportTraceServiceResponse()

    def of(self, trace_id: str) -> list[Span]:
        """The spans of a trace."""
        return [span for span in self.spans if span.trace_id.hex() == trace_id]


@asynccontextmanager
async def collecting(*, hanging: bool = False) -> AsyncGenerator[Collector]:
    """A collector on a free port, for the time of the block."""
    collector = Collector(hanging)
    server = grpc.aio.server()
    add_TraceServiceServicer_to_server(collector, server)
    collector.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield collector
    finally:
        await server.stop(None)
