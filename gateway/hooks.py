"""The path of one hook: read, clean, publish while deciding, answer in the client's own JSON. Always answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from grpc import StatusCode
from grpc.aio import AioRpcError
from prometheus_client import Counter, Histogram

from chassis.bus import Acknowledgement
from chassis.clock import Clock
from chassis.edges import HOOK_EDGES_S
from chassis.fault_reports import FaultReports
from chassis.identifiers import new_ulid
from gateway.clients.registry import Adapter, adapter_for, sender_of
from gateway.moments import Circumstances, moment_from
from gateway.projects import Projects
from gateway.publisher import Publisher
from gateway.sightings import Sighted, Unusable
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.router.v1.router_pb2_grpc import RouterServiceAsyncStub

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
        publisher: Publisher,
        router: RouterServiceAsyncStub,
        clock: Clock,
        max_ms: int,
        faults: FaultReports,
    ) -> None:
        self._faults = faults
        self._projects = projects
        self._publisher = publisher
        self._router = router
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
        self._faults.note("hook", reason, arrival.workspace_id, arrival.traceparent)

    async def _handle(
        self, adapter: Adapter, payload: Mapping[str, object], arrival: Arrival, started: float
    ) -> tuple[Answer, str]:
        sighted = adapter.read(payload)
        moments = await self._moments(sighted, arrival)
        if not moments:
            return Answer(adapter.reply(sighted.event, "")), "nothing_to_see"
        limit = SHARE_BEHIND * (self._seconds - (time.perf_counter() - started))
        publishing = asyncio.create_task(self._publish(moments, limit))
        answered = moments[sighted.about]
        decision = await self._decide(answered, limit) if sighted.advisable else None
        acknowledged = await publishing
        answer = Answer(
            reply_to(adapter, sighted, decision),
            decision,
            max((each.sequence for each in acknowledged if each), default=0),
        )
        if decision is not None and (decision.text or not was_there(acknowledged[sighted.about])):
            self._announce(answered, decision, started)
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

    async def _publish(self, moments: list[moment_pb2.Moment], limit: float) -> list[Acknowledgement | None]:
        return await asyncio.gather(*(self._publisher.moment(moment, limit) for moment in moments))

    async def _decide(self, moment: moment_pb2.Moment, limit: float) -> router_pb2.Decision:
        try:
            answer = await self._router.Advise(router_pb2.AdviseRequest(moment=moment), timeout=limit)
        except AioRpcError as error:
            log.warning("no decision", extra={"action": "router_unreachable", "error": error.details()})
            late = error.code() == StatusCode.DEADLINE_EXCEEDED
            return router_pb2.Decision(
                decision_id=moment.envelope.decision_id,
                route=router_pb2.ROUTE_DETERMINISTIC,
                silence=router_pb2.SILENCE_DEADLINE if late else router_pb2.SILENCE_STORE_UNAVAILABLE,
            )
        return answer.decision

    def _announce(self, moment: moment_pb2.Moment, decision: router_pb2.Decision, started: float) -> None:
        decided = router_pb2.AdviceDecided(
            envelope=moment.envelope,
            kind=moment.kind,
            tool=moment.call.tool,
            target=moment.call.target,
            tool_use_id=moment.call.tool_use_id,
            decision=recorded(decision),
            hook_latency_us=int((time.perf_counter() - started) * 1e6),
        )
        self._publisher.decision(decided)


def recorded(decision: router_pb2.Decision) -> router_pb2.Decision:
    """A decision as others keep it: of what was said in a conversation only which entry that is, not its words.

    They would stay with the session that was told of them when the conversation is forgotten.
    """
    if all(advice.source != router_pb2.SOURCE_CONVERSATION for advice in (*decision.said, *decision.held)):
        return decision
    kept = router_pb2.Decision()
    kept.CopyFrom(decision)
    for advice in (*kept.said, *kept.held):
        if advice.source == router_pb2.SOURCE_CONVERSATION:
            advice.text = f"what was said to Spark ({advice.packet_id.rpartition(':')[2]})"
    if kept.text:
        # Whoever worded the whole, words of the conversation may be in it.
        kept.text = "\n".join(advice.text for advice in kept.said)
    return kept


def was_there(acknowledged: Acknowledgement | None) -> bool:
    """Whether a moment came before: silence at its second arrival is no decision that counts."""
    return acknowledged is not None and acknowledged.duplicate


def reply_to(adapter: Adapter, sighted: Sighted, decision: router_pb2.Decision | None) -> bytes:
    """The reply that a decision leads to."""
    if decision is None:
        return adapter.reply(sighted.event, "")
    return adapter.reply(sighted.event, decision.text, refuse=decision.refuse, error=sighted.error)


def name_of(payload: Mapping[str, object]) -> str:
    """The event's name where it is one that is known, for metrics."""
    name = payload.get("hook_event_name")
    return name if isinstance(name, str) and name in KNOWN_EVENTS else "other"
