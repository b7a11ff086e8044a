"""For each service an rpc of its own that it can answer with nothing else there, and that reads what it reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from grpc.aio import Channel

from bench.hooks import payload_of
from bench.lessons import mistakes
from chassis.identifiers import new_ulid
from chassis.tracing import new_traceparent
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.inference.v1 import inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from spark.memory.v1 import memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1 import prefetch_pb2
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub
from spark.router.v1 import router_pb2
from spark.router.v1.router_pb2_grpc import RouterServiceStub
from spark.telemetry.v1 import telemetry_pb2
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

CLIENT = "claude-code"
PATIENCE_S = 10.0

Sent = Mapping[str, Any]
"""Token and patience of a call."""


def hook() -> bytes:
    """A call that is about to be made, as its client tells of it."""
    return orjson.dumps(payload_of("PreToolUse", next(mistakes()), "cold", 0))


async def gateway(channel: Channel, sent: Sent) -> None:
    """Handles a hook; published, or it is no answer."""
    request = hooks_pb2.HandleHookRequest(client=CLIENT, payload=hook())
    reply = await HooksServiceStub(channel).HandleHook(request, **sent)
    assert reply.sequence > 0, "the hook's event was not published"


async def router(channel: Channel, sent: Sent) -> None:
    """Decides about a call; without packets that is a silence."""
    envelope = moment_pb2.Envelope(
        event_id="0" * 32,
        workspace_id="local",
        project_id="0" * 16,
        session_id="cold",
        client=CLIENT,
        origin=moment_pb2.ORIGIN_LIVE,
        traceparent=new_traceparent(),
        schema_version=1,
        decision_id=new_ulid(),
    )
    envelope.occurred_at.GetCurrentTime()
    envelope.observed_at.GetCurrentTime()
    call = moment_pb2.ToolCall(tool="Bash", target="make", target_class="make", program="make")
    moment = moment_pb2.Moment(envelope=envelope, kind=moment_pb2.MOMENT_KIND_CALL_PROPOSED, call=call)
    await RouterServiceStub(channel).Advise(router_pb2.AdviseRequest(moment=moment), **sent)


async def packets(channel: Channel, sent: Sent) -> None:
    """Counts packets."""
    await PacketsServiceStub(channel).GetStatus(packets_pb2.GetStatusRequest(), **sent)


async def memory(channel: Channel, sent: Sent) -> None:
    """Lists lessons."""
    await MemoryServiceStub(channel).ListLessons(memory_pb2.ListLessonsRequest(), **sent)


async def prefetch(channel: Channel, sent: Sent) -> None:
    """Lists what is expected of a session."""
    request = prefetch_pb2.ListForetoldRequest(session_id="cold")
    await PrefetchServiceStub(channel).ListForetold(request, **sent)


async def telemetry(channel: Channel, sent: Sent) -> None:
    """Lists decisions."""
    await TelemetryServiceStub(channel).ListDecisions(telemetry_pb2.ListDecisionsRequest(), **sent)


async def inference(channel: Channel, sent: Sent) -> None:
    """Tells what was spent."""
    await InferenceServiceStub(channel).GetSpend(inference_pb2.GetSpendRequest(), **sent)


FIRST_ANSWERS: Mapping[str, Callable[[Channel, Sent], Awaitable[None]]] = {
    "gateway": gateway,
    "router": router,
    "packets": packets,
    "memory": memory,
    "prefetch": prefetch,
    "telemetry": telemetry,
    "inference": inference,
}

__all__ = ["FIRST_ANSWERS", "PATIENCE_S", "Sent", "hook"]
