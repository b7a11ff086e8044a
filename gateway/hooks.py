"""The path of one hook: read, clean, publish while deciding, answer in the client's own JSON. Always answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from prometheus_client import Counter, Histogram

from chassis.clock import Clock
from chassis.edges import HOOK_EDGES_S
from chassis.identifiers import new_ulid
from gateway.clients.registry import Adapter, adapter_for, sender_of
from gateway.handling import Handler
from gateway.moments import Circumstances, moment_from
from gateway.projects import Projects
from gateway.sightings import Sighted, Unusable
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

log = logging.getLogger(__name__)

HOOKS = Counter("spark_hooks", "Hooks by client, event and how they ended", ["client", "event", "end"])
SECONDS = Histogram(
    "spark_hook_request_seconds", "Time from a hook's arrival to its reply", ["client"], buckets=HOOK_EDGES_S
)

SHARE_BEHIND = 0.9
"""Share of the time left that bus and router may take; in the rest the reply goes out, even when one of them hangs."""
LATE, FAILED = "late", "failed"


# All labels are bounded; finding the child by its labels costs more than counting.
@cache
def hooks_of(client: str, event: str, end: str) -> Counter:
    """The count of hooks that ended so."""
    for bad in (LATE, FAILED):
        # A series that begins at its first hook shows no increase by that one, so nobody would be told of it.
        HOOKS.labels(client, event, bad)
    return HOOKS.labels(client, event, end)


seconds_of = cache(SECONDS.labels)

KNOWN_EVENTS = frozenset(
    {"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "Stop"}
    | {"SubagentStart", "SubagentStop", "SessionEnd"}
    | {"BeforeAgent", "BeforeTool", "AfterTool", "AfterAgent"}
    | {"sessionStart", "beforeSubmitPrompt", "preToolUse", "postToolUse", "postToolUseFailure", "stop"}
    | {"subagentStart", "subagentStop", "sessionEnd"}
)
"""Names that may stand in a metric: a client must not be able to make new ones without end."""

Note = Callable[[str, str, str, str], None]
"""Takes a fault: its component, its reason, the workspace and the traceparent."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a hook came here."""

    workspace_id: str
    client: str
    traceparent: str
    occurred_at: datetime | None = None
    """When it happened, where that is not now."""
    origin: moment_pb2.Origin.ValueType = moment_pb2.ORIGIN_LIVE
    project: str = ""
    """Folder that decides on the project; empty takes the payload's own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply and what lies behind it."""

    reply: bytes
    decision: router_pb2.Decision | None = None
    sequence: int = 0
    """Place of the last moment in the stream; 0 when none was published."""


class Hooks:
    """Handles hooks of every client. `max_ms` bounds each from arrival to reply."""

    def __init__(
        self,
        projects: Projects,
        handler: Handler,
        clock: Clock,
        max_ms: int,
        note: Note,
    ) -> None:
        self._noted = note
        self._projects = projects
        self._handler = handler
        self._clock = clock
        self._seconds = max_ms / 1000

    async def handle(self, payload: Mapping[str, object], arrival: Arrival) -> Answer:
        """Answers one hook within its time, whatever happens behind.

        Raises:
            UnknownClient: when there is no adapter for the client.
        """
        started = time.perf_counter()
        client = sender_of(arrival.client, payload)
        if client != arrival.client:
            arrival = replace(arrival, client=client)
        adapter = adapter_for(client)
        event = name_of(payload)
        try:
            async with asyncio.timeout(self._seconds):
                answer, end = await self._handle(adapter, payload, arrival, started)
        except Unusable as error:
            answer, end = Answer(adapter.reply("", "")), f"unusable: {error}"
            self._note("unusable", arrival)
        except TimeoutError:
            answer, end = Answer(adapter.reply("", "")), LATE
            self._note(LATE, arrival)
        except Exception:
            log.exception("hook failed", extra={"action": "hook_failed", "event": event})
            answer, end = Answer(adapter.reply("", "")), FAILED
            self._note(FAILED, arrival)
        hooks_of(arrival.client, event, end).inc()
        seconds_of(arrival.client).observe(time.perf_counter() - started)
        return answer

    def _note(self, reason: str, arrival: Arrival) -> None:
        self._noted("hook", reason, arrival.workspace_id, arrival.traceparent)

    async def _handle(
        self, adapter: Adapter, payload: Mapping[str, object], arrival: Arrival, started: float
    ) -> tuple[Answer, str]:
        sighted = adapter.read(payload)
        moments = await self._moments(sighted, arrival)
        if not moments:
            return Answer(adapter.reply(sighted.event, "")), "nothing_to_see"
        limit = SHARE_BEHIND * (self._seconds - (time.perf_counter() - started))
        answered = sighted.about % len(moments) if sighted.advisable else None
        handled = await self._handler.handle(moments, answered, limit, started)
        decision = handled.decision
        answer = Answer(reply_to(adapter, sighted, decision), decision, handled.sequence)
        return answer, "advised" if decision is not None and decision.text else "silent"

    async def see(self, payload: Mapping[str, object], arrival: Arrival) -> list[moment_pb2.Moment]:
        """The moments of a hook of the past, to be learnt from without a reply.

        Raises:
            Unusable: when nothing can be made of it.
            UnknownClient: when there is no adapter for the client.
        """
        return await self._moments(adapter_for(arrival.client).read(payload), arrival)

    async def _moments(self, sighted: Sighted, arrival: Arrival) -> list[moment_pb2.Moment]:
        if sighted.repository is not None:
            await self._projects.report(arrival.workspace_id, sighted.repository)
        folder = arrival.project or sighted.folder
        repository = await self._projects.find(arrival.workspace_id, folder, sighted.session_id)
        now = self._clock.now()
        at = Circumstances(
            workspace_id=arrival.workspace_id,
            client=arrival.client,
            origin=arrival.origin,
            occurred_at=arrival.occurred_at or now,
            observed_at=now,
            traceparent=arrival.traceparent,
        )
        decision_id = new_ulid() if sighted.advisable else ""
        return [moment_from(one, sighted, repository, at, decision_id) for one in sighted.sightings]


def reply_to(adapter: Adapter, sighted: Sighted, decision: router_pb2.Decision | None) -> bytes:
    """The reply that a decision leads to."""
    if decision is None:
        return adapter.reply(sighted.event, "")
    return adapter.reply(sighted.event, decision.text, refuse=decision.refuse, error=sighted.error)


def name_of(payload: Mapping[str, object]) -> str:
    """The event's name where it is one that is known, for metrics."""
    name = payload.get("hook_event_name")
    return name if isinstance(name, str) and name in KNOWN_EVENTS else "other"
