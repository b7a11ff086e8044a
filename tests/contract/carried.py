"""One service carried in both ways: called within the process, and over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from chassis.calls import CallContext, current_call
from chassis.chain import Chain
from chassis.channels import Channels
from chassis.contract import methods
from chassis.identity import Tokens
from chassis.interceptors import STANDARD
from chassis.local import LocalChannel
from chassis.server import GrpcServer
from spark.telemetry.v1 import sessions_pb2, telemetry_pb2, windows_pb2

SERVICE = telemetry_pb2.DESCRIPTOR.services_by_name["TelemetryService"]
NAME = "telemetry"
TOKENS = Tokens({"token-of-local": "local", "token-of-other": "other"})
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Listing = Callable[[telemetry_pb2.ListDecisionsRequest, CallContext], Awaitable[telemetry_pb2.ListDecisionsResponse]]
Watching = Callable[
    [telemetry_pb2.WatchDecisionsRequest, CallContext], AsyncIterator[telemetry_pb2.WatchDecisionsResponse]
]


async def nothing(_: telemetry_pb2.ListDecisionsRequest, __: CallContext) -> telemetry_pb2.ListDecisionsResponse:
    return telemetry_pb2.ListDecisionsResponse()


async def no_items(
    _: telemetry_pb2.WatchDecisionsRequest, __: CallContext
) -> AsyncGenerator[telemetry_pb2.WatchDecisionsResponse]:
    return
    yield


@dataclass
class Telemetry:
    """A servicer whose answer and whose stream are what the test says."""

    listing: Listing = nothing
    watching: Watching = no_items
    calls: list[CallContext] = field(default_factory=list[CallContext])

    async def ListDecisions(
        self, request: telemetry_pb2.ListDecisionsRequest, call: CallContext
    ) -> telemetry_pb2.ListDecisionsResponse:
        self.calls.append(call)
        return await self.listing(request, call)

    def WatchDecisions(
        self, request: telemetry_pb2.WatchDecisionsRequest, call: CallContext
    ) -> AsyncIterator[telemetry_pb2.WatchDecisionsResponse]:
        self.calls.append(call)
        return self.watching(request, call)

    async def Summarize(self, _: windows_pb2.SummarizeRequest, __: CallContext) -> windows_pb2.SummarizeResponse:
        return windows_pb2.SummarizeResponse()

    async def GetDecision(
        self, _: telemetry_pb2.GetDecisionRequest, __: CallContext
    ) -> telemetry_pb2.GetDecisionResponse:
        return telemetry_pb2.GetDecisionResponse()

    async def ListSeries(self, _: windows_pb2.ListSeriesRequest, __: CallContext) -> windows_pb2.ListSeriesResponse:
        return windows_pb2.ListSeriesResponse()

    async def GetScorecard(
        self, _: windows_pb2.GetScorecardRequest, __: CallContext
    ) -> windows_pb2.GetScorecardResponse:
        return windows_pb2.GetScorecardResponse()

    async def ListSessions(
        self, _: sessions_pb2.ListSessionsRequest, __: CallContext
    ) -> sessions_pb2.ListSessionsResponse:
        return sessions_pb2.ListSessionsResponse()

    async def ListMoments(
        self, _: sessions_pb2.ListMomentsRequest, __: CallContext
    ) -> sessions_pb2.ListMomentsResponse:
        return sessions_pb2.ListMomentsResponse()

    async def Export(
        self, _: telemetry_pb2.ExportRequest, __: CallContext
    ) -> AsyncGenerator[telemetry_pb2.ExportResponse]:
        return
        yield

    async def AwaitRecorded(
        self, _: telemetry_pb2.AwaitRecordedRequest, __: CallContext
    ) -> telemetry_pb2.AwaitRecordedResponse:
        return telemetry_pb2.AwaitRecordedResponse()

    async def CompareArms(
        self, _: telemetry_pb2.CompareArmsRequest, __: CallContext
    ) -> telemetry_pb2.CompareArmsResponse:
        return telemetry_pb2.CompareArmsResponse()

    async def Forget(self, _: telemetry_pb2.ForgetRequest, __: CallContext) -> telemetry_pb2.ForgetResponse:
        return telemetry_pb2.ForgetResponse()


@asynccontextmanager
async def listening(servicer: object, port: int = 0) -> AsyncGenerator[int]:
    """The servicer behind a port of loopback."""
    server = GrpcServer(Chain(STANDARD), TOKENS)
    server.add(SERVICE.full_name, servicer, methods(SERVICE))
    taken = await server.start(f"127.0.0.1:{port}")
    try:
        yield taken
    finally:
        await server.stop(0)


@asynccontextmanager
async def in_process(servicer: object) -> AsyncGenerator[Channels]:
    """Channels that find the servicer beside its caller."""
    channels = Channels(TOKENS, {})
    channels.carry(NAME, LocalChannel(servicer, methods(SERVICE), Chain(STANDARD)))
    yield channels
    await channels.close()


@asynccontextmanager
async def over_the_wire(servicer: object) -> AsyncGenerator[Channels]:
    """Channels that find the servicer behind a socket."""
    async with listening(servicer) as port:
        channels = Channels(TOKENS, {NAME: f"127.0.0.1:{port}"})
        yield channels
        await channels.close()


@contextmanager
def calling(workspace: str = "local", seconds: float | None = 10.0) -> Generator[CallContext]:
    """Makes the calls of the block part of one call that this process serves."""
    deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
    call = CallContext("/test", workspace, TRACEPARENT, deadline)
    token = current_call.set(call)
    try:
        yield call
    finally:
        current_call.reset(token)


@dataclass(frozen=True)
class Refusal:
    """All that a caller can see of an error."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    fields: tuple[tuple[str, str], ...] = ()


def refusal(error: grpc.aio.AioRpcError) -> Refusal:
    """Reads an error as a client does, by the rules of google.rpc alone."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    trailer = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    assert isinstance(trailer, bytes)
    status = status_pb2.Status.FromString(trailer)
    for detail in status.details:
        assert detail.Unpack(info) or detail.Unpack(bad), detail.type_url
    if trailer:
        assert (status.code, status.message) == (error.code().value[0], error.details())
    return Refusal(
        error.code(),
        error.details() or "",
        info.reason,
        info.domain,
        dict(info.metadata),
        tuple((violation.field, violation.description) for violation in bad.field_violations),
    )
