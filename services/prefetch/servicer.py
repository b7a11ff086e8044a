"""The rpc face of prefetch."""

from __future__ import annotations

from chassis.calls import CallContext
from chassis.consumer import Consumer
from services.prefetch.events import Requests
from services.prefetch.library import Library
from services.prefetch.load import Load
from services.prefetch.model import Place
from services.prefetch.performance import Performance
from services.prefetch.refining import Refining
from services.prefetch.wire import event_from
from services.prefetch.worker import Worker
from spark.moment.v1 import moment_pb2
from spark.prefetch.v1 import prefetch_pb2

DEFAULT_PATIENCE_S = 5.0


class PrefetchServicer:
    """Implements spark.prefetch.v1.PrefetchService."""

    def __init__(
        self,
        library: Library,
        learner: Consumer,
        queue: Consumer,
        worker: Worker,
        requests: Requests,
        performance: Performance,
        load: Load,
        refining: Refining,
    ) -> None:
        self._library = library
        self._learner = learner
        self._queue = queue
        self._worker = worker
        self._requests = requests
        self._performance = performance
        self._load = load
        self._refining = refining

    async def Remedy(self, request: prefetch_pb2.RemedyRequest, call: CallContext) -> prefetch_pb2.RemedyResponse:
        """Says what worked after failures like this one."""
        request.moment.envelope.workspace_id = call.workspace_id
        event = event_from(request.moment, 0)
        if event is None or not event.failed:
            return prefetch_pb2.RemedyResponse()
        found = await self._library.remedy(event)
        if found is None:
            return prefetch_pb2.RemedyResponse()
        packet, again = found
        return prefetch_pb2.RemedyResponse(packets=[packet], probability=again)

    async def Foresee(self, request: prefetch_pb2.ForeseeRequest, call: CallContext) -> prefetch_pb2.ForeseeResponse:
        """Shows what is expected next in a session."""
        place = Place(call.workspace_id, request.project_id, request.session_id, request.agent_id)
        found = await self._library.foresee(place)
        response = prefetch_pb2.ForeseeResponse()
        for group, probability in found.calls:
            tool, _, target_class = group.partition("|")
            response.calls.add(tool=tool, target_class=target_class, probability=probability)
        for group, failure_class, probability in found.failures:
            tool, _, target_class = group.partition("|")
            failure = moment_pb2.FailureKey(tool=tool, target_class=target_class, failure_class=failure_class)
            response.failures.add(failure=failure, probability=probability)
        return response

    async def ListForetold(
        self, request: prefetch_pb2.ListForetoldRequest, call: CallContext
    ) -> prefetch_pb2.ListForetoldResponse:
        """Shows what was expected of a session's calls before they came back."""
        rows = await self._library.foretold(call.workspace_id, request.session_id)
        response = prefetch_pb2.ListForetoldResponse()
        for row in rows:
            tool, _, target_class = row["group_name"].partition("|")
            told = response.calls.add(
                tool_use_id=row["tool_use_id"],
                agent_id=row["agent_id"],
                tool=tool,
                target_class=target_class,
                failure=row["failure"],
                failed=row["failed"],
                prepared=row["prepared"],
            )
            for group in row["expected"]:
                tool, _, target_class = group.partition("|")
                told.expected.add(tool=tool, target_class=target_class)
        return response

    async def GetStatus(
        self, request: prefetch_pb2.GetStatusRequest, call: CallContext
    ) -> prefetch_pb2.GetStatusResponse:
        """Tells how preparing does."""
        done = self._performance
        return prefetch_pb2.GetStatusResponse(
            queued=max(0, self._requests.last_sequence - self._queue.done),
            paused=self._load.paused,
            prepared=done.prepared,
            overtaken=done.overtaken,
            failed=done.failed,
            hits=done.hits,
            misses=done.misses,
            lead_p50_us=done.lead_p50_us,
            latency_p50_us=done.latency_p50_us,
            refinement=self._refining.state,
        )

    async def Pause(self, request: prefetch_pb2.PauseRequest, call: CallContext) -> prefetch_pb2.PauseResponse:
        """Stops preparing."""
        self._load.pause(request.reason)
        return prefetch_pb2.PauseResponse()

    async def Resume(self, request: prefetch_pb2.ResumeRequest, call: CallContext) -> prefetch_pb2.ResumeResponse:
        """Goes on preparing."""
        self._load.resume()
        return prefetch_pb2.ResumeResponse()

    async def AwaitPrepared(
        self, request: prefetch_pb2.AwaitPreparedRequest, call: CallContext
    ) -> prefetch_pb2.AwaitPreparedResponse:
        """Returns once every moment up to a place in the stream is learnt and prepared for."""
        patience = request.patience.ToTimedelta().total_seconds() or DEFAULT_PATIENCE_S
        learnt = await self._learner.reached(request.sequence, patience)
        await self._queue.reached(self._requests.last_sequence, patience)
        return prefetch_pb2.AwaitPreparedResponse(learnt=learnt)

    async def Forget(self, request: prefetch_pb2.ForgetRequest, call: CallContext) -> prefetch_pb2.ForgetResponse:
        """Erases a session or a project; no preparation of it is stored after the answer."""
        if request.WhichOneof("subject") == "session_id":
            erased = await self._library.forget_session(call.workspace_id, request.session_id)
        else:
            erased = await self._library.forget_project(call.workspace_id, request.project_id)
        await self._worker.finish()
        await self._refining.forget()
        return prefetch_pb2.ForgetResponse(erased=erased)
