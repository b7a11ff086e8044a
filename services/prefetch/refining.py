"""Has a model word what is ready, behind its preparation: the deterministic words are said until better ones are there.

One at a time and the newest of each session, since a session that goes on brings another preparation anyway. What the
model writes has to hold to the packet's own words and what it suggests; inference sees to that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from grpc.aio import AioRpcError

from chassis.calls import CallContext, current_call
from chassis.tracing import new_traceparent
from services.prefetch.load import Load
from spark.inference.v1 import inference_pb2
from spark.packets.v1 import packets_pb2
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.inference.v1.inference_pb2_grpc import InferenceServiceAsyncStub
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub

log = logging.getLogger(__name__)

METHOD = "prefetch refining"
SECONDS = 5.0
STORE_SECONDS = 2.0
SESSIONS_WAITING = 64
OFF, NO_ENGINE, ON = "off", "no engine", "on"

Session = tuple[str, str, str]
"""Project, session and agent."""


class Refining:
    """Words preparations again. Where it is not `active` it does nothing."""

    def __init__(
        self, inference: InferenceServiceAsyncStub, packets: PacketsServiceAsyncStub, load: Load, *, active: bool
    ) -> None:
        self._inference = inference
        self._packets = packets
        self._load = load
        self._active = active
        self._waiting: dict[Session, packets_pb2.PrepareRequest] = {}
        self._at_work: packets_pb2.PrepareRequest | None = None
        self._storing = asyncio.Lock()
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._served = False

    @property
    def state(self) -> str:
        """Where it stands: off, no engine, on."""
        return (ON if self._served else NO_ENGINE) if self._active else OFF

    def take(self, prepared: packets_pb2.PrepareRequest) -> None:
        """A preparation that was stored; an earlier one of its session that still waits is dropped."""
        if not self._active or not prepared.preparation.packets:
            return
        envelope = prepared.envelope
        session = (envelope.project_id, "" if prepared.for_beginnings else envelope.session_id, envelope.agent_id)
        self._waiting.pop(session, None)
        self._waiting[session] = prepared
        if len(self._waiting) > SESSIONS_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._came.set()

    async def forget(self) -> None:
        """Drops all that was taken until now, which may tell words of a session that is forgotten; each is made anew
        after the next call. None of it is stored after the return."""
        self._waiting.clear()
        self._at_work = None
        async with self._storing:
            pass

    async def start(self) -> None:
        """Begins to work."""
        if self._active:
            self._task = asyncio.create_task(self._run(), name=METHOD)

    async def stop(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await self._came.wait()
            await self._load.clear()
            session = next(reversed(self._waiting), None)
            if session is None:
                self._came.clear()
                continue
            prepared = self._at_work = self._waiting.pop(session)
            current_call.set(CallContext(METHOD, prepared.envelope.workspace_id, new_traceparent()))
            try:
                if await self._worded(prepared) and session not in self._waiting:
                    await self._store(prepared)
            except AioRpcError as error:
                self._served = False
                log.warning("not refined", extra={"action": "refining_failed", "error": error.details()})
            except Exception:
                # Whatever it is, the next preparation must have its turn.
                self._served = False
                log.exception("not refined", extra={"action": "refining_failed"})

    async def _worded(self, prepared: packets_pb2.PrepareRequest) -> bool:
        """Words packets in place; whether any has other words now. No engine reads any more of what is forgotten."""
        changed = False
        for packet in prepared.preparation.packets:
            if self._at_work is not prepared:
                return False
            wanted = inference_pb2.SynthesizeRequest(
                text=packet.text, facts=facts_of(packet.suggests), mode=inference_pb2.SYNTHESIS_MODE_AUTO
            )
            answer = await self._inference.Synthesize(wanted, timeout=SECONDS)
            self._served = answer.kept_because != "no_engine"
            if answer.by_model:
                packet.text, changed = answer.text, True
        return changed

    async def _store(self, prepared: packets_pb2.PrepareRequest) -> None:
        async with self._storing:
            if self._at_work is prepared:
                await self._packets.Prepare(prepared, timeout=STORE_SECONDS)


def facts_of(suggestions: Iterable[router_pb2.Suggestion]) -> list[str]:
    """What a packet suggests, as facts that words may rest on."""
    return [f"`{each.target}`" for each in suggestions if each.target]
