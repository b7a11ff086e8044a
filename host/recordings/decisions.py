"""The decisions of a replay as telemetry records them: what a reply does not say, such as the reason of a silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2

if TYPE_CHECKING:
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

RECORDING_SECONDS = 10.0
"""Recording runs a few milliseconds behind; more means that some were lost."""


class Decisions:
    """Those recorded so far, by their id."""

    def __init__(self) -> None:
        self._known: dict[str, router_pb2.AdviceDecided] = {}
        self._arrived = asyncio.Event()

    async def listen(self, telemetry: TelemetryServiceAsyncStub) -> None:
        """Takes in every decision until it is cancelled."""
        async for answer in telemetry.WatchDecisions(telemetry_pb2.WatchDecisionsRequest()):
            decided = answer.decision
            self._known[decided.decision.decision_id] = decided
            self._arrived.set()

    async def of(self, ids: Collection[str]) -> Mapping[str, router_pb2.AdviceDecided]:
        """These decisions once all are recorded, or as many as are after 10 s."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RECORDING_SECONDS):
                while not self._known.keys() >= set(ids):
                    self._arrived.clear()
                    await self._arrived.wait()
        return {name: self._known[name] for name in ids if name in self._known}


@asynccontextmanager
async def watched(telemetry: TelemetryServiceAsyncStub) -> AsyncGenerator[Decisions]:
    """The decisions made within the block."""
    decisions = Decisions()
    listening = asyncio.create_task(decisions.listen(telemetry), name="decisions")
    try:
        yield decisions
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
