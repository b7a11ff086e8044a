"""Faults that a process has seen, told to whoever watches it: those of a second together, so that a storm of them is
none on the bus.

A `Bus` has one as `faults`, so that whoever could lose something to the bus can say so without being given anything
more; the host starts and ends it with the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.clock import Clock, SystemClock
from chassis.events import event_type, headers
from chassis.faults import BusUnavailable
from chassis.identifiers import new_ulid
from chassis.identity import LOCAL_WORKSPACE
from chassis.timestamps import set_time, to_datetime
from spark.fault.v1 import seen_pb2

if TYPE_CHECKING:
    from chassis.bus import Bus

log = logging.getLogger(__name__)

SEEN = event_type(seen_pb2.FaultSeen)

EVERY_S = 1.0
KINDS_AT_MOST = 256
"""Kinds that are kept apart while the bus is away; a process has some dozens."""
PUBLISH_S = 2.0
STOP_S = 1.0

COMPONENT_CHARS, REASON_CHARS, TRACEPARENT_CHARS = 120, 60, 128
"""The contract's own limits."""
COUNT_AT_MOST = 2**48
"""More is recorded by nobody: it could not be added up."""
WORKSPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

Kind = tuple[str, str, str]
"""Workspace, component and reason."""
REST: Kind = (LOCAL_WORKSPACE, "fault_reports", "too_many_kinds")
"""Stands for all kinds beyond those that are kept apart, so that none of them goes uncounted."""


@dataclass(slots=True)
class Sightings:
    """Faults of one kind."""

    count: int
    first_at: datetime
    last_at: datetime
    traceparent: str


class Tally:
    """Faults by kind, bounded in number. Pure."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, Sightings] = {}

    def __len__(self) -> int:
        """How many kinds there are."""
        return len(self._kinds)

    def add(self, kind: Kind, count: int, at: datetime, traceparent: str) -> None:
        """Counts faults of a kind; one in whose trace they happened stands for all, the last that has one."""
        known = self._kinds.get(kind)
        if known is None and len(self._kinds) >= KINDS_AT_MOST - 1:
            kind = REST
            known = self._kinds.get(kind)
        if known is None:
            self._kinds[kind] = Sightings(min(count, COUNT_AT_MOST), at, at, traceparent)
            return
        known.count = min(known.count + count, COUNT_AT_MOST)
        known.first_at, known.last_at = min(known.first_at, at), max(known.last_at, at)
        known.traceparent = traceparent or known.traceparent

    def take(self) -> list[seen_pb2.FaultSeen]:
        """All of it as messages, each with an id of its own; nothing is left."""
        taken, self._kinds = self._kinds, {}
        return [message_of(kind, sightings) for kind, sightings in taken.items()]


class FaultReports:
    """Tells of faults once a second. While the bus is away they are kept, and told when it is back."""

    def __init__(self, bus: Bus, clock: Clock | None = None) -> None:
        self._bus = bus
        self._clock = clock or SystemClock()
        self._tally = Tally()
        self._sealed: list[seen_pb2.FaultSeen] = []
        """Was sent and may have come through: it is sent again as it is, for by its id it counts once."""
        self._something = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def note(
        self,
        component: str,
        reason: str,
        workspace_id: str = LOCAL_WORKSPACE,
        traceparent: str = "",
        count: int = 1,
    ) -> None:
        """Notes a fault, in constant time; it never waits and never fails.

        Both words are the code's own, never a text from outside: `component` says where (at most 120 characters),
        `reason` what (at most 60), in the contract's words in lower case where it has one.
        """
        if count < 1:
            return
        workspace = workspace_id if WORKSPACE.fullmatch(workspace_id) else LOCAL_WORKSPACE
        kind = (workspace, plain(component, COMPONENT_CHARS), plain(reason, REASON_CHARS))
        trace = traceparent if traceparent.isascii() and len(traceparent) <= TRACEPARENT_CHARS else ""
        self._tally.add(kind, count, self._clock.now(), trace)
        self._something.set()

    async def start(self) -> None:
        """Begins to tell."""
        self._task = asyncio.create_task(self._run(), name="fault reports")

    async def stop(self) -> None:
        """Tells what is left, for at most a second, and ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                while self._waits and await self._publish():
                    pass
        if self._waits:
            log.warning("faults are not told", extra={"action": "faults_untold", "kinds": self._waits})

    @property
    def _waits(self) -> int:
        return len(self._sealed) + len(self._tally)

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            await asyncio.sleep(EVERY_S)
            self._something.clear()
            await self._publish()
            if self._waits:
                self._something.set()

    async def _publish(self) -> bool:
        """Sends what waits; False where the bus did not take all of it. That is no fault to be noted here: it would
        make itself."""
        if not self._bus.connected:
            return False
        # Never more than this at once, so that a bus that takes nothing makes no heap.
        self._sealed = self._sealed or self._tally.take()
        taken = await asyncio.gather(*(self._send(message) for message in self._sealed))
        self._sealed = [message for message, through in zip(self._sealed, taken, strict=True) if not through]
        return not self._sealed

    async def _send(self, message: seen_pb2.FaultSeen) -> bool:
        carried = headers(SEEN, message.event_id, to_datetime(message.last_at), message.traceparent)
        subject = SEEN.subject_for(message.workspace_id)
        try:
            await self._bus.publish(SEEN.stream, subject, message.SerializeToString(), carried, PUBLISH_S)
        except BusUnavailable:
            return False
        except Exception:
            log.exception("a fault cannot be told", extra={"action": "fault_untold", "component": message.component})
        return True


def plain(word: str, limit: int) -> str:
    """A word as the contract takes it."""
    if not word.isascii():
        word = word.encode("utf-8", "replace").decode()
    return word[:limit] or "unknown"


def message_of(kind: Kind, sightings: Sightings) -> seen_pb2.FaultSeen:
    """Faults of a kind as they are told."""
    workspace, component, reason = kind
    message = seen_pb2.FaultSeen(
        event_id=new_ulid(),
        workspace_id=workspace,
        component=component,
        reason=reason,
        count=sightings.count,
        traceparent=sightings.traceparent,
    )
    set_time(message.first_at, sightings.first_at)
    set_time(message.last_at, sightings.last_at)
    return message
