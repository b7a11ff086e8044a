"""The rpc face of the router."""

from __future__ import annotations

from chassis.calls import CallContext
from services.router.decision import Decider
from spark.router.v1 import router_pb2


class RouterServicer:
    """Implements spark.router.v1.RouterService."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider

    async def Advise(self, request: router_pb2.AdviseRequest, call: CallContext) -> router_pb2.AdviseResponse:
        """Decides what to say at a moment."""
        return router_pb2.AdviseResponse(decision=await self._decider.decide(request.moment, call))
