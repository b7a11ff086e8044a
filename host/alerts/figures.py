"""Brings into the metrics where the service levels stand that only the store of the telemetry service knows."""

from __future__ import annotations

from grpc.aio import AioRpcError

from chassis.calls import CallContext, current_call
from chassis.channels import Channels
from chassis.identity import LOCAL_WORKSPACE
from chassis.service_levels import show
from spark.telemetry.v1 import windows_pb2
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

METHOD = "alerts"
SECONDS = 5.0


class Figures:
    """Asks for the scorecard of the last day."""

    def __init__(self, channels: Channels) -> None:
        self._telemetry = TelemetryServiceStub(channels.to("telemetry"))

    async def look(self) -> None:
        """Shows what is known now; while the service is away nothing stands there."""
        current_call.set(CallContext(METHOD, LOCAL_WORKSPACE))
        try:
            card = await self._telemetry.GetScorecard(windows_pb2.GetScorecardRequest(), timeout=SECONDS)
        except AioRpcError:
            show({})
            return
        measures = [measure for part in card.parts for measure in part.measures]
        measures += [gate.whole for gate in card.gates if gate.whole.name not in {each.name for each in measures}]
        known = windows_pb2.STANDING_MET, windows_pb2.STANDING_MISSED
        show({each.name: each.value if each.standing in known else None for each in measures})
