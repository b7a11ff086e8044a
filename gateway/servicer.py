"""The gateway's face on gRPC."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import TYPE_CHECKING

from chassis.bus import Bus
from chassis.calls import CallContext
from chassis.events import subject_token
from chassis.faults import InvalidArgument
from gateway.body import object_in
from gateway.hooks import Arrival, Hooks
from gateway.projects import Projects
from gateway.publisher import DECIDED, OBSERVED, Publisher
from gateway.sightings import Unusable
from spark.gateway.v1 import hooks_pb2
from spark.memory.v1 import memory_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.telemetry.v1 import telemetry_pb2

if TYPE_CHECKING:
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

PUBLISH_SECONDS = 5.0
BREATH = 16
"""Hooks of an import between two turns of the loop: a live hook must not wait behind a batch."""


class HooksServicer:
    """Implements spark.gateway.v1.HooksService."""

    def __init__(
        self,
        hooks: Hooks,
        projects: Projects,
        publisher: Publisher,
        bus: Bus,
        memory: MemoryServiceAsyncStub,
        packets: PacketsServiceAsyncStub,
        telemetry: TelemetryServiceAsyncStub,
    ) -> None:
        self._hooks = hooks
        self._projects = projects
        self._publisher = publisher
        self._bus = bus
        self._memory = memory
        self._packets = packets
        self._telemetry = telemetry

    async def HandleHook(self, request: hooks_pb2.HandleHookRequest, call: CallContext) -> hooks_pb2.HandleHookResponse:
        """Answers one hook of a client."""
        arrival = Arrival(call.workspace_id, request.client, call.traceparent)
        answer = await self._hooks.handle(payload_of(request.payload), arrival)
        return hooks_pb2.HandleHookResponse(reply=answer.reply, decision=answer.decision, sequence=answer.sequence)

    async def ImportHooks(
        self, request: hooks_pb2.ImportHooksRequest, call: CallContext
    ) -> hooks_pb2.ImportHooksResponse:
        """Learns from hooks of the past."""
        response = hooks_pb2.ImportHooksResponse()
        moments: list[moment_pb2.Moment] = []
        for number, hook in enumerate(request.hooks):
            arrival = Arrival(
                workspace_id=call.workspace_id,
                client=request.client,
                traceparent=call.traceparent,
                occurred_at=hook.occurred_at.ToDatetime(UTC),
                origin=moment_pb2.ORIGIN_IMPORT,
                project=request.project,
            )
            try:
                seen = await self._hooks.see(payload_of(hook.payload), arrival)
            except (Unusable, InvalidArgument):
                response.rejected += 1
                continue
            response.skipped += not seen
            moments.extend(seen)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        acks = await asyncio.gather(*(self._publisher.moment(moment, PUBLISH_SECONDS) for moment in moments))
        for ack in acks:
            if ack is not None:
                response.published += not ack.duplicate
                response.duplicates += ack.duplicate
                response.sequence = max(response.sequence, ack.sequence)
        response.rejected += acks.count(None)
        return response

    async def Settle(self, request: hooks_pb2.SettleRequest, call: CallContext) -> hooks_pb2.SettleResponse:
        """Returns once everything published up to a place in the stream can be advised from."""
        learning = memory_pb2.AwaitLearntRequest(sequence=request.sequence, patience=request.patience)
        learnt = await self._memory.AwaitLearnt(learning)
        await self._packets.AwaitMaterialised(
            packets_pb2.AwaitMaterialisedRequest(sequence=learnt.announced, patience=request.patience)
        )
        return hooks_pb2.SettleResponse(learnt=learnt.learnt)

    async def Forget(self, request: hooks_pb2.ForgetRequest, call: CallContext) -> hooks_pb2.ForgetResponse:
        """Erases a session or a project everywhere."""
        session, project = request.session_id, request.project_id
        place = f"{subject_token(call.workspace_id)}.{subject_token(project) if project else '*'}"
        place += f".{subject_token(session) if session else '*'}"
        purged = await self._bus.purge(OBSERVED.stream, f"{OBSERVED.subject}.{place}")
        await self._bus.purge(DECIDED.stream, f"{DECIDED.subject}.{place}")
        for event in (OBSERVED, DECIDED):
            await self._bus.purge("DEAD_LETTERS", f"spark.dead.*.{event.subject}.{place}")
        named = {"session_id": session} if session else {"project_id": project}
        lessons = await self._memory.Forget(memory_pb2.ForgetRequest(**named))
        packets = await self._packets.Forget(packets_pb2.ForgetRequest(**named))
        decisions = await self._telemetry.Forget(telemetry_pb2.ForgetRequest(**named))
        await self.Settle(hooks_pb2.SettleRequest(), call)
        return hooks_pb2.ForgetResponse(
            moments=purged, lessons=lessons.lessons, packets=packets.erased, decisions=decisions.erased
        )

    async def ResolveProject(
        self, request: hooks_pb2.ResolveProjectRequest, call: CallContext
    ) -> hooks_pb2.ResolveProjectResponse:
        """Says which project a folder belongs to."""
        found = await self._projects.find(call.workspace_id, request.folder)
        return hooks_pb2.ResolveProjectResponse(project_id=found.project_id, root=found.root, remote=found.remote)


def payload_of(data: bytes) -> dict[str, object]:
    """A client's JSON as an object.

    Raises:
        InvalidArgument: when it is none.
    """
    try:
        return object_in(data)
    except ValueError as error:
        raise InvalidArgument(f"the payload is {error}", [("payload", "must be a JSON object")]) from error
