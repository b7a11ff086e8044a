"""Prepares what was asked for, a few at once; stands back while the process is busy."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from grpc.aio import AioRpcError

from chassis.calls import CallContext, current_call, present_trace
from chassis.consumer import Delivery
from chassis.faults import StoreUnavailable
from chassis.tracing import new_traceparent
from services.prefetch.library import Library
from services.prefetch.load import Load
from services.prefetch.performance import WAITING, Performance
from services.prefetch.refining import Refining
from services.prefetch.wire import place_of
from spark.packets.v1 import packets_pb2
from spark.prefetch.v1 import prefetch_pb2

if TYPE_CHECKING:
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub

log = logging.getLogger(__name__)

METHOD = "prefetch worker"
STORE_SECONDS = 2.0


class Worker:
    """Takes jobs off the queue. A job that fails is dropped: the next call of its session brings a newer one."""

    def __init__(
        self,
        library: Library,
        packets: PacketsServiceAsyncStub,
        performance: Performance,
        load: Load,
        concurrency: int,
        refining: Refining,
    ) -> None:
        self._library = library
        self._packets = packets
        self._performance = performance
        self._load = load
        self._refining = refining
        self._turn = asyncio.Semaphore(concurrency)
        self._at_work: set[asyncio.Task[None] | None] = set()

    async def hear(self, deliveries: Sequence[Delivery]) -> None:
        """Prepares for each session once, for its newest job; waits while preparing is paused."""
        arrived = time.monotonic()
        newest: dict[str, prefetch_pb2.PrefetchRequested] = {}
        for delivery in deliveries:
            newest[delivery.subject] = prefetch_pb2.PrefetchRequested.FromString(delivery.data)
        self._performance.passed_over(len(deliveries) - len(newest))
        WAITING.inc(len(newest))
        try:
            await self._load.clear()
            await asyncio.gather(*(self._one(job, arrived) for job in newest.values()))
        finally:
            WAITING.dec(len(newest))

    async def finish(self) -> None:
        """Returns once the jobs that are under way by now have ended."""
        tasks = [task for task in self._at_work if task is not None]
        if tasks:
            await asyncio.wait(tasks)

    async def _one(self, job: prefetch_pb2.PrefetchRequested, arrived: float) -> None:
        # A job is off the bus and serves nobody's call, so it goes out in the name of its workspace. Its task is its
        # own, and takes that name with it when it ends.
        current_call.set(CallContext(METHOD, job.envelope.workspace_id, present_trace() or new_traceparent()))
        async with self._turn:
            self._at_work.add(asyncio.current_task())
            try:
                place, at = place_of(job.envelope), job.envelope.occurred_at.ToDatetime(UTC)
                made = await self._library.prepare(place, at, for_beginnings=job.for_beginnings)
                if made is None:
                    return
                request = packets_pb2.PrepareRequest(
                    envelope=job.envelope, sequence=job.sequence, preparation=made, for_beginnings=job.for_beginnings
                )
                answer = await self._packets.Prepare(request, timeout=STORE_SECONDS)
                self._library.heard_of_noise(place, answer.idle_per_hundred_calls)
                self._refining.take(request)
            except (AioRpcError, StoreUnavailable) as error:
                self._performance.lost()
                log.warning("not prepared", extra={"action": "prefetch_failed", "error": str(error)})
            else:
                if not job.for_beginnings:
                    self._performance.stored(place, time.monotonic() - arrived)
            finally:
                self._at_work.discard(asyncio.current_task())


class Watch:
    """Looks at the load of the process every tenth of a second."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.create_task(self._run(), name="prefetch load")

    async def stop(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(Load.LOOK_EVERY_S)
            self._load.measured(time.monotonic() - before - Load.LOOK_EVERY_S)
