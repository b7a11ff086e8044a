"""The gateway's face on gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from chassis.bus import Bus
from chassis.calls import CallContext, replies
from chassis.events import event_type, subject_token
from chassis.faults import InvalidArgument
from chassis.tracing import trace_id
from gateway.body import object_in
from gateway.cleaning import cleaned
from gateway.hooks import Arrival, Hooks
from gateway.known import Past, unknown
from gateway.projects import Projects
from gateway.publisher import DECIDED, OBSERVED, Publisher
from gateway.redaction import redact_text
from gateway.sightings import Unusable
from gateway.taking import Taking
from gateway.times import time_of
from spark.gateway.v1 import hooks_pb2
from spark.memory.v1 import lesson_pb2, memory_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2, judged_pb2, packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.telemetry.v1 import telemetry_pb2

if TYPE_CHECKING:
    from spark.inference.v1.inference_pb2_grpc import InferenceServiceAsyncStub
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub
    from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceAsyncStub
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

LESSON = event_type(lesson_pb2.LessonChanged)
REQUESTED = event_type(prefetch_pb2.PrefetchRequested)
JUDGED = event_type(judged_pb2.AdviceJudged)

PUBLISH_SECONDS = 5.0
FORGET_SECONDS = 30.0
"""Patience with what was seen before it was to be forgotten, and must be learnt before it can be erased."""
BREATH = 16
"""Hooks of an import between two turns of the loop: a live hook must not wait behind a batch."""


class HooksServicer:
    """Implements spark.gateway.v1.HooksService."""

    def __init__(
        self,
        hooks: Hooks,
        taking: Taking,
        projects: Projects,
        publisher: Publisher,
        bus: Bus,
        memory: MemoryServiceAsyncStub,
        packets: PacketsServiceAsyncStub,
        prefetch: PrefetchServiceAsyncStub,
        telemetry: TelemetryServiceAsyncStub,
        inference: InferenceServiceAsyncStub,
    ) -> None:
        self._hooks = hooks
        self._taking = taking
        self._projects = projects
        self._publisher = publisher
        self._bus = bus
        self._memory = memory
        self._packets = packets
        self._prefetch = prefetch
        self._telemetry = telemetry
        self._inference = inference

    async def HandleHook(self, request: hooks_pb2.HandleHookRequest, call: CallContext) -> hooks_pb2.HandleHookResponse:
        """Answers one hook of a client."""
        arrival = Arrival(call.workspace_id, request.client, call.traceparent)
        answer = await self._hooks.handle(payload_of(request.payload), arrival)
        return hooks_pb2.HandleHookResponse(reply=answer.reply, decision=answer.decision, sequence=answer.sequence)

    async def TakeMoments(
        self, request: hooks_pb2.TakeMomentsRequest, call: CallContext
    ) -> hooks_pb2.TakeMomentsResponse:
        """Takes what a gateway on another machine saw at one hook."""
        return await self._taking.take(request, call)

    async def ImportHooks(
        self, request: hooks_pb2.ImportHooksRequest, call: CallContext
    ) -> hooks_pb2.ImportHooksResponse:
        """Learns from hooks of the past."""
        response = hooks_pb2.ImportHooksResponse()
        past: list[Past] = []
        for number, hook in enumerate(request.hooks):
            try:
                arrival = Arrival(
                    workspace_id=call.workspace_id,
                    client=request.client,
                    traceparent=call.traceparent,
                    occurred_at=time_of(hook.occurred_at),
                    origin=moment_pb2.ORIGIN_IMPORT,
                    project=redact_text(request.project),
                )
                began_at = time_of(hook.began_at) if hook.HasField("began_at") else None
                seen = await self._hooks.see(payload_of(hook.payload), arrival)
            except (Unusable, InvalidArgument, ValueError):
                response.rejected += 1
                continue
            response.skipped += not seen
            past.extend(Past(moment, began_at) for moment in seen)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        new = await unknown(self._memory, past)
        response.duplicates = len(past) - len(new)
        batch = trace_id(call.traceparent)
        acks = await asyncio.gather(*(self._publisher.moment(each, PUBLISH_SECONDS, batch=batch) for each in new))
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
        if request.forecasts:
            await self._prefetch.AwaitPrepared(
                prefetch_pb2.AwaitPreparedRequest(sequence=request.sequence, patience=request.patience)
            )
        return hooks_pb2.SettleResponse(learnt=learnt.learnt)

    async def Forget(self, request: hooks_pb2.ForgetRequest, call: CallContext) -> hooks_pb2.ForgetResponse:
        """Erases a session or a project everywhere.

        What was seen until now is stored first: what is still on its way would come after the erasing.
        """
        # As it was kept: a secret in a session's name was taken out when it came.
        session, project = cleaned(request.session_id), request.project_id
        if not session and not project:
            # Without a name everything would be meant.
            raise InvalidArgument("nothing is named", [("session_id", "must hold more than NULs")])
        await self._publisher.flush()
        for event in (OBSERVED, DECIDED):
            await self._bus.consumed(event.stream, FORGET_SECONDS)
        place = f"{subject_token(call.workspace_id)}.{subject_token(project) if project else '*'}"
        place += f".{subject_token(session) if session else '*'}"
        seen, decided = f"{OBSERVED.subject}.{place}.*", f"{DECIDED.subject}.{place}"
        judged = f"{JUDGED.subject}.{place}"
        purged = await self._bus.purge(OBSERVED.stream, seen)
        await self._bus.purge(DECIDED.stream, decided)
        # Any of them may stand for sessions that begin; the next call asks anew.
        requested = f"{REQUESTED.subject}.{subject_token(call.workspace_id)}.>"
        await self._bus.purge(REQUESTED.stream, requested)
        for subject in (seen, decided, requested):
            await self._bus.purge("DEAD_LETTERS", f"spark.dead.*.{subject}")
        if project:
            # The last words of these lessons follow, without their texts.
            await self._bus.purge(LESSON.stream, f"{LESSON.subject}.{place}")
            await self._projects.forget(call.workspace_id, project)
        named = {"session_id": session} if session else {"project_id": project}
        remembered = await self._memory.Forget(memory_pb2.ForgetRequest(**named))
        # It prepares packets: first it must know nothing any more.
        await self._prefetch.Forget(prefetch_pb2.ForgetRequest(**named))
        packets = await self._packets.Forget(packets_pb2.ForgetRequest(**named))
        # Nothing more is announced of it by now; what was must be recorded before it can be erased there.
        await self._bus.consumed(JUDGED.stream, FORGET_SECONDS)
        await self._bus.purge(JUDGED.stream, judged)
        await self._bus.purge("DEAD_LETTERS", f"spark.dead.*.{judged}")
        of_session = telemetry_pb2.ForgetRequest(session_id=session)
        seen = of_session if session else telemetry_pb2.ForgetRequest(project_id=project)
        decisions = await self._telemetry.Forget(seen)
        await self.Settle(hooks_pb2.SettleRequest(), call)
        return hooks_pb2.ForgetResponse(
            moments=purged,
            lessons=remembered.lessons,
            packets=packets.erased,
            decisions=decisions.erased,
            entries=remembered.entries,
        )

    async def GiveFeedback(
        self, request: hooks_pb2.GiveFeedbackRequest, call: CallContext
    ) -> hooks_pb2.GiveFeedbackResponse:
        """Takes a user's word on one piece of advice."""
        wanted = advice_pb2.GiveFeedbackRequest(advice_id=request.advice_id, verdict=request.verdict)
        return hooks_pb2.GiveFeedbackResponse(advice=(await self._packets.GiveFeedback(wanted)).advice)

    async def ResolveProject(
        self, request: hooks_pb2.ResolveProjectRequest, call: CallContext
    ) -> hooks_pb2.ResolveProjectResponse:
        """Says which project a folder belongs to."""
        # As a hook's own folder is, or the two would be different projects.
        try:
            found = self._projects.resolve(call.workspace_id, redact_text(request.folder))
        except Unusable as error:
            raise InvalidArgument(str(error), [("folder", "must be an absolute path")]) from error
        return hooks_pb2.ResolveProjectResponse(project_id=found.project_id, root=found.root, remote=found.remote)

    async def Chat(self, request: hooks_pb2.ChatRequest, call: CallContext) -> AsyncGenerator[hooks_pb2.ChatResponse]:
        """Answers in a conversation."""
        request.chat.session_id, request.chat.text = cleaned(request.chat.session_id), cleaned(request.chat.text)
        async with aclosing(replies(self._inference.Chat(request.chat))) as events:
            async for event in events:
                yield hooks_pb2.ChatResponse(event=event)


def payload_of(data: bytes) -> dict[str, object]:
    """A client's JSON as an object.

    Raises:
        InvalidArgument: when it is none.
    """
    try:
        return object_in(data)
    except ValueError as error:
        raise InvalidArgument(f"the payload is {error}", [("payload", "must be a JSON object")]) from error
