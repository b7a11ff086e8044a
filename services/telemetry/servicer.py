"""The rpc face."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta

from chassis.calls import CallContext
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.faults import InvalidArgument
from services.telemetry import asking, erasure, exporting, wire
from services.telemetry.comparison import compare
from services.telemetry.hearing import moment_of
from services.telemetry.library import Library, all_recorded
from services.telemetry.model import Wanted
from services.telemetry.postgres import Decisions
from services.telemetry.records import Records
from services.telemetry.series import Step, series
from services.telemetry.watching import Watches
from services.telemetry.windows import Windows
from spark.packets.v1 import judged_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import sessions_pb2, telemetry_pb2, windows_pb2

PAGE = 20
"""Decisions on a page whose size is not given; the contract's own number."""
SESSIONS_PAGE = 50
MOMENTS_PAGE = 200
PATIENCE_S = 5.0
DAY = timedelta(days=1)
POINTS_AT_MOST = 24 * 62
"""Of a series: two months by the hour, four years by the day."""


class TelemetryServicer:
    """Answers about what happened in the caller's workspace."""

    def __init__(
        self,
        database: Database,
        exports: Database,
        decisions: Decisions,
        records: Records,
        windows: Windows,
        library: Library,
        watches: Watches,
        consumers: Sequence[Consumer],
    ) -> None:
        self._database = database
        self._exports = exports
        self._decisions = decisions
        self._records = records
        self._windows = windows
        self._library = library
        self._watches = watches
        self._consumers = consumers

    async def ListDecisions(
        self, request: telemetry_pb2.ListDecisionsRequest, call: CallContext
    ) -> telemetry_pb2.ListDecisionsResponse:
        """The last decisions, newest first."""
        size = request.page_size or PAGE
        events = await self._decisions.newest(asking.wanted_list(request, call), size + 1)
        answer = telemetry_pb2.ListDecisionsResponse(decisions=map(router_pb2.AdviceDecided.FromString, events[:size]))
        if len(events) > size:
            last = answer.decisions[-1]
            answer.next_page_token = asking.place_to(moment_of(last.envelope.observed_at), last.decision.decision_id)
        return answer

    async def GetDecision(
        self, request: telemetry_pb2.GetDecisionRequest, call: CallContext
    ) -> telemetry_pb2.GetDecisionResponse:
        """One decision, and what became of its advice."""
        decided, outcomes = await self._library.decision(call.workspace_id, request.decision_id)
        return telemetry_pb2.GetDecisionResponse(
            decision=decided, outcomes=map(judged_pb2.AdviceJudged.FromString, outcomes)
        )

    async def Summarize(
        self, request: windows_pb2.SummarizeRequest, call: CallContext
    ) -> windows_pb2.SummarizeResponse:
        """A window in numbers."""
        wanted = asking.wanted_window(request, call, request.session_id)
        return wire.summary_to(await self._windows.summary(wanted))

    async def ListSeries(
        self, request: windows_pb2.ListSeriesRequest, call: CallContext
    ) -> windows_pb2.ListSeriesResponse:
        """A span step by step."""
        wanted = asking.wanted_window(request, call)
        since, until = asking.edge_of(request.since), wanted.until or self._library.now()
        step = Step.DAY if request.step == windows_pb2.STEP_DAY else Step.HOUR
        if (until - since) / step.length > POINTS_AT_MOST:
            message = f"the span has more than {POINTS_AT_MOST} steps; ask for longer steps"
            raise InvalidArgument(message, [("since", "must be later")])
        return wire.series_to(await series(self._database, wanted, since, until, step))

    async def GetScorecard(
        self, request: windows_pb2.GetScorecardRequest, call: CallContext
    ) -> windows_pb2.GetScorecardResponse:
        """A window beside the service levels."""
        until = asking.edge_of(request.until) if request.HasField("until") else self._library.now()
        since = asking.edge_of(request.since) if request.HasField("since") else until - DAY
        if since >= until:
            raise InvalidArgument("the window ends before it begins", [("since", "must be before until")])
        wanted = Wanted(call.workspace_id, project_id=asking.storable(request.project_id))
        try:
            card = await self._library.scorecard(wanted, since, until)
        except OverflowError:
            raise InvalidArgument("the window before lies before all time", [("since", "must be later")]) from None
        return wire.scorecard_to(card, since, until)

    async def ListSessions(
        self, request: sessions_pb2.ListSessionsRequest, call: CallContext
    ) -> sessions_pb2.ListSessionsResponse:
        """The sessions seen last."""
        size = request.page_size or SESSIONS_PAGE
        found = await self._records.sessions(asking.wanted_sessions(request, call), size + 1)
        token = asking.place_to(found[size - 1].seen_at, found[size - 1].session_id) if len(found) > size else ""
        return sessions_pb2.ListSessionsResponse(sessions=map(wire.session_to, found[:size]), next_page_token=token)

    async def ListMoments(
        self, request: sessions_pb2.ListMomentsRequest, call: CallContext
    ) -> sessions_pb2.ListMomentsResponse:
        """What happened in a session, oldest first."""
        size = request.page_size or MOMENTS_PAGE
        after = asking.place_from(request.page_token)
        timeline = await self._library.timeline(call.workspace_id, asking.storable(request.session_id), after, size + 1)
        moments, token = timeline.moments, ""
        if len(moments) > size:
            token = asking.place_to(moments[size - 1].occurred_at, moments[size - 1].event_id)
        return sessions_pb2.ListMomentsResponse(
            moments=map(wire.happening_to, moments[:size]),
            next_page_token=token,
            session=wire.session_to(timeline.session),
        )

    async def Export(
        self, request: telemetry_pb2.ExportRequest, call: CallContext
    ) -> AsyncGenerator[telemetry_pb2.ExportResponse]:
        """All that is held of the workspace, or of a part of it."""
        async with aclosing(erasure.export(self._exports, asking.wanted_part(request, call))) as held:
            async for each in held:
                yield exporting.record_to(each)

    async def AwaitRecorded(
        self, request: telemetry_pb2.AwaitRecordedRequest, call: CallContext
    ) -> telemetry_pb2.AwaitRecordedResponse:
        """Returns once all that was announced is recorded."""
        patience = request.patience.ToTimedelta().total_seconds() if request.HasField("patience") else PATIENCE_S
        await all_recorded(self._consumers, call.patience(patience, 1.0))
        return telemetry_pb2.AwaitRecordedResponse()

    async def CompareArms(
        self, request: telemetry_pb2.CompareArmsRequest, call: CallContext
    ) -> telemetry_pb2.CompareArmsResponse:
        """Advised sessions beside those of the control arm."""
        treatment, control = await self._decisions.arms(asking.wanted_comparison(request, call))
        return wire.comparison_to(compare(treatment, control, request.alpha or asking.ALPHA))

    async def WatchDecisions(
        self, request: telemetry_pb2.WatchDecisionsRequest, call: CallContext
    ) -> AsyncGenerator[telemetry_pb2.WatchDecisionsResponse]:
        """Decisions as this process records them."""
        with self._watches.watching(asking.wanted_watch(request, call)) as watch:
            while True:
                event = router_pb2.AdviceDecided.FromString((await watch.next()).event)
                yield telemetry_pb2.WatchDecisionsResponse(decision=event)

    async def Forget(self, request: telemetry_pb2.ForgetRequest, call: CallContext) -> telemetry_pb2.ForgetResponse:
        """Erases what is held of a session, a project or the workspace."""
        erased = await erasure.erase(self._database, asking.wanted_part(request, call))
        return telemetry_pb2.ForgetResponse(erased=erased)
