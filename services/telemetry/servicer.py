"""The rpc face."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from chassis.calls import CallContext
from services.telemetry import wire
from services.telemetry.comparison import compare
from services.telemetry.postgres import Decisions
from services.telemetry.watching import Watches
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2

PAGE = 20
"""Decisions on a page whose size is not given; the contract's own number."""


class TelemetryServicer:
    """Answers about the decisions of the caller's workspace."""

    def __init__(self, decisions: Decisions, watches: Watches) -> None:
        self._decisions = decisions
        self._watches = watches

    async def ListDecisions(
        self, request: telemetry_pb2.ListDecisionsRequest, call: CallContext
    ) -> telemetry_pb2.ListDecisionsResponse:
        """The last decisions, newest first."""
        events = await self._decisions.newest(wire.wanted_list(request, call), request.page_size or PAGE)
        return telemetry_pb2.ListDecisionsResponse(decisions=map(router_pb2.AdviceDecided.FromString, events))

    async def Summarize(
        self, request: telemetry_pb2.SummarizeRequest, call: CallContext
    ) -> telemetry_pb2.SummarizeResponse:
        """Decisions in numbers."""
        return wire.summary_to(await self._decisions.summary(wire.wanted_summary(request, call)))

    async def CompareArms(
        self, request: telemetry_pb2.CompareArmsRequest, call: CallContext
    ) -> telemetry_pb2.CompareArmsResponse:
        """Advised sessions beside those of the control arm."""
        treatment, control = await self._decisions.arms(wire.wanted_comparison(request, call))
        return wire.comparison_to(compare(treatment, control, request.alpha or wire.ALPHA))

    async def WatchDecisions(
        self, request: telemetry_pb2.WatchDecisionsRequest, call: CallContext
    ) -> AsyncGenerator[telemetry_pb2.WatchDecisionsResponse]:
        """Decisions as this process records them."""
        with self._watches.watching(wire.wanted_watch(request, call)) as watch:
            while True:
                event = router_pb2.AdviceDecided.FromString((await watch.next()).event)
                yield telemetry_pb2.WatchDecisionsResponse(decision=event)

    async def Forget(self, request: telemetry_pb2.ForgetRequest, call: CallContext) -> telemetry_pb2.ForgetResponse:
        """Erases a session's or a project's decisions."""
        erased = await self._decisions.erase(wire.wanted_erasure(request, call))
        return telemetry_pb2.ForgetResponse(erased=erased)
