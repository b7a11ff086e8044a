"""What a gateway on another machine saw, taken in as if it had been seen here: it cleans what it sends, and is not
believed."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Sequence

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis.calls import CallContext
from chassis.clock import Clock
from chassis.faults import Internal, InvalidArgument
from chassis.identifiers import digest, new_ulid
from chassis.timestamps import set_time
from chassis.validation import broken_rules
from gateway.cleaning import cleaned
from gateway.clients.registry import ADAPTERS
from gateway.handling import Handled, Handler
from gateway.hooks import FAILED, LATE, SHARE_BEHIND, Note, hooks_of, seconds_of
from gateway.projects import Projects
from gateway.publisher import KINDS
from gateway.repository import Repository, project_id
from spark.gateway.v1 import hooks_pb2
from spark.moment.v1 import moment_pb2

log = logging.getLogger(__name__)

LARGEST_BYTES = 512 * 1024
"""Of one hook: a gateway looks at 64 KiB of what is nested in it, and sends 64 moments at most."""
AS_THEY_ARE = frozenset({"event_id", "project_id", "client", "failure_class", "input_digest"})
"""Fields of hashes and names, which are checked by their form."""
DIGEST = re.compile("[0-9a-f]{0,32}")
NAME_CHARS = 64
"""The longest name of a failure's class, or word of what is looked for by words: those of perception are shorter."""
SHORT_CHARS = 200
"""What the contract allows the shortest of texts: within it a placeholder may be longer than what it stands for."""


class Taking:
    """Takes moments of other machines, each hook's within `max_ms`."""

    def __init__(self, handler: Handler, projects: Projects, clock: Clock, max_ms: int, note: Note) -> None:
        self._handler = handler
        self._projects = projects
        self._clock = clock
        self._seconds = max_ms / 1000
        self._note = note

    async def take(self, request: hooks_pb2.TakeMomentsRequest, call: CallContext) -> hooks_pb2.TakeMomentsResponse:
        """Publishes the moments of one hook and decides on one of them.

        Raises:
            InvalidArgument: when there is too much of it, none is at the place to be answered, or one is not what a
                gateway would send.
            Internal: when it fails here.
        """
        started = time.perf_counter()
        if request.ByteSize() > LARGEST_BYTES:
            raise InvalidArgument(f"one hook's moments are over {LARGEST_BYTES // 1024} KiB")
        answered = request.answered if request.HasField("answered") else None
        if answered is not None and answered >= len(request.moments):
            raise InvalidArgument("no such moment", [("answered", f"must be below {len(request.moments)}")])
        about = request.moments[answered or 0]
        client, event = about.envelope.client, KINDS[about.kind]
        if client not in ADAPTERS:
            raise InvalidArgument("no client of this Spark", [("moments", f"must be of {', '.join(ADAPTERS)}")])
        try:
            async with asyncio.timeout(self._seconds):
                handled = await self._handled(request.moments, answered, call, started)
            end = "advised" if handled.decision is not None and handled.decision.text else "silent"
        except TimeoutError:
            handled, end = Handled(), LATE
            self._note("hook", LATE, call.workspace_id, call.traceparent)
        except InvalidArgument:
            raise
        except Exception as error:
            log.exception("moments failed", extra={"action": "hook_failed", "event": event})
            hooks_of(client, event, FAILED).inc()
            self._note("hook", FAILED, call.workspace_id, call.traceparent)
            raise Internal("the moments could not be handled") from error
        hooks_of(client, event, end).inc()
        seconds_of(client).observe(time.perf_counter() - started)
        return hooks_pb2.TakeMomentsResponse(decision=handled.decision, sequence=handled.sequence)

    async def _handled(
        self, sent: Sequence[moment_pb2.Moment], answered: int | None, call: CallContext, started: float
    ) -> Handled:
        decision_id = "" if answered is None else new_ulid()
        moments: list[moment_pb2.Moment] = []
        for moment in sent:
            moments.append(self._adopted(moment, decision_id, call))
            # Others' hooks are answered by this loop too.
            await asyncio.sleep(0)
        where = {(moment.project.root, moment.project.remote) for moment in moments}
        if len(where) > 1:
            raise InvalidArgument("the moments of one hook are of one project", [("moments", "name several")])
        await self._projects.meet(call.workspace_id, Repository(*where.pop()))
        limit = SHARE_BEHIND * max(0.0, self._seconds - (time.perf_counter() - started))
        return await self._handler.handle(moments, answered, limit, started)

    def _adopted(self, moment: moment_pb2.Moment, decision_id: str, call: CallContext) -> moment_pb2.Moment:
        """The moment as this gateway would have made it.

        Raises:
            InvalidArgument: when it says nothing of its project, a name is none, or it breaks the contract.
        """
        # Of fields that a newer gateway sends nobody here knows whether they are clean.
        moment.DiscardUnknownFields()
        if trouble := trouble_with(moment):
            raise InvalidArgument("no moment of a gateway", [("moments", trouble)])
        clean(moment)
        envelope = moment.envelope
        if envelope.workspace_id != call.workspace_id:
            # The id is a hash of the workspace too, and the bus drops what comes again under one id.
            envelope.event_id = digest(call.workspace_id, envelope.event_id)
        envelope.workspace_id = call.workspace_id
        envelope.project_id = project_id(moment.project.root, moment.project.remote)
        envelope.origin = moment_pb2.ORIGIN_LIVE
        envelope.traceparent = call.traceparent
        envelope.decision_id = decision_id
        now = self._clock.now()
        set_time(envelope.occurred_at, now)
        set_time(envelope.observed_at, now)
        if broken := broken_rules(moment):
            raise InvalidArgument("no moment once it is clean of secrets", broken)
        return moment


def trouble_with(moment: moment_pb2.Moment) -> str:
    """What tells that no gateway has made a moment; empty where nothing does."""
    if moment.envelope.client not in ADAPTERS:
        return f"must be of {', '.join(ADAPTERS)}"
    if not moment.project.root:
        return "must name project.root"
    if not DIGEST.fullmatch(moment.call.input_digest):
        return "must have a hash as call.input_digest"
    names = (moment.outcome.failure_class, *moment.call.tokens, *moment.prompt.tokens)
    if any(len(each) > NAME_CHARS for each in names):
        return f"must have at most {NAME_CHARS} characters in outcome.failure_class and in each token"
    return ""


def clean(message: Message) -> None:
    """Takes secrets and NULs out of every text of a message."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            clean(value)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name not in AS_THEY_ARE:
            if field.is_repeated:
                value[:] = [shortened(each) for each in value]
            else:
                setattr(message, field.name, shortened(value))


def shortened(text: str) -> str:
    """A clean text, which stays within the limit that the text itself kept."""
    return cleaned(text)[: max(len(text), SHORT_CHARS)]
