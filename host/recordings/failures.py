"""Hooks as the gateway perceives them, and which failures are the same one again: by memory's own identity."""

from __future__ import annotations

from dataclasses import replace

from chassis.identity import LOCAL_WORKSPACE
from gateway.clients.recorded import RecordedHook
from gateway.clients.registry import adapter_for
from gateway.moments import Circumstances, moment_from
from gateway.repository import Repository
from gateway.sightings import Unusable
from host.recordings.transcripts import CLIENT
from services.memory.model import Event
from services.memory.naming import failure_id
from services.memory.wire import event_from
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2


def moments_in(hook: RecordedHook) -> list[moment_pb2.Moment]:
    """What the gateway makes of a hook, but for the project that it finds; nothing of one that it cannot use."""
    try:
        sighted = adapter_for(CLIENT).read(hook.payload)
    except Unusable:
        return []
    at = Circumstances(
        workspace_id=LOCAL_WORKSPACE,
        client=CLIENT,
        origin=moment_pb2.ORIGIN_REPLAY,
        occurred_at=hook.occurred_at,
        observed_at=hook.occurred_at,
        traceparent="",
    )
    repository = Repository(sighted.folder)
    return [moment_from(sighting, sighted, repository, at, "") for sighting in sighted.sightings]


def failure_in(hook: RecordedHook) -> Event | None:
    """The failure that a hook tells of, as memory hears it; None where it teaches nothing, such as a search in vain."""
    for moment in moments_in(hook):
        event = event_from(moment)
        if event is not None and event.mistake:
            return event
    return None


def lesson_of(failure: Event, decided: router_pb2.AdviceDecided) -> str:
    """The lesson that a failure belongs to; whose it is and what it was about is told by the decision made at it."""
    assert failure.call is not None
    place = replace(failure.place, project_id=decided.envelope.project_id)
    call = replace(failure.call, target=decided.target)
    return failure_id(place, call, failure.failure_class, failure.signature)
