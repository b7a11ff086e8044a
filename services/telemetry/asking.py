"""From the contract's questions to what is wanted."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.calls import CallContext
from chassis.faults import InvalidArgument
from services.telemetry.hearing import moment_of, storable
from services.telemetry.model import Wanted
from spark.telemetry.v1 import sessions_pb2, telemetry_pb2, windows_pb2

ALPHA = 0.05
"""Chance of a false alarm where none is given; the contract's own number."""

FIRST_YEAR, LAST_YEAR = 2, 9998
"""Of a window: a day more on either side must be a time too."""

Place = tuple[datetime, str]
"""Where a page ends: the time and the id of its last row."""


def wanted_list(request: telemetry_pb2.ListDecisionsRequest, call: CallContext) -> Wanted:
    """Which decisions a list is of.

    Raises:
        InvalidArgument: for a page token that no answer gave.
    """
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        session_id=storable(request.session_id),
        only_said=request.only_said,
        only_found=request.only_found,
        route=request.route,
        silence=request.silence,
        before=place_from(request.page_token),
    )


def wanted_window(
    request: windows_pb2.SummarizeRequest | windows_pb2.ListSeriesRequest, call: CallContext, session_id: str = ""
) -> Wanted:
    """Which window is meant.

    Raises:
        InvalidArgument: for a time outside the years 2 to 9998, or a window that ends before it begins.
    """
    since = edge_of(request.since) if request.HasField("since") else None
    until = edge_of(request.until) if request.HasField("until") else None
    if since is not None and until is not None and until < since:
        raise InvalidArgument("the window ends before it begins", [("until", "must not be before since")])
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        session_id=storable(session_id),
        since=since,
        until=until,
    )


def edge_of(timestamp: Timestamp) -> datetime:
    """Where a window begins or ends.

    Raises:
        InvalidArgument: outside the years 2 to 9998.
    """
    edge = moment_of(timestamp)
    if not FIRST_YEAR <= edge.year <= LAST_YEAR:
        raise InvalidArgument(f"{edge} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return edge


def wanted_comparison(request: telemetry_pb2.CompareArmsRequest, call: CallContext) -> Wanted:
    """Which sessions are to be compared.

    Raises:
        InvalidArgument: for a time outside the years 1 to 9999.
    """
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        since=moment_of(request.since) if request.HasField("since") else None,
    )


def wanted_watch(request: telemetry_pb2.WatchDecisionsRequest, call: CallContext) -> Wanted:
    """Which decisions a watcher waits for."""
    return Wanted(call.workspace_id, project_id=storable(request.project_id))


def wanted_part(request: telemetry_pb2.ForgetRequest | telemetry_pb2.ExportRequest, call: CallContext) -> Wanted:
    """What is to be erased or exported; the contract sees to it that an erasure names what it is of."""
    return Wanted(
        call.workspace_id,
        project_id=storable(request.project_id),
        session_id=storable(request.session_id),
    )


def wanted_sessions(request: sessions_pb2.ListSessionsRequest, call: CallContext) -> Wanted:
    """Which sessions a list is of.

    Raises:
        InvalidArgument: for a page token that no answer gave.
    """
    return Wanted(call.workspace_id, project_id=storable(request.project_id), before=place_from(request.page_token))


def place_to(at: datetime, name: str) -> str:
    """A page token."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {name}".encode()).decode()


def place_from(token: str) -> Place | None:
    """Where a page token says that a page ended; None of an empty one.

    Raises:
        InvalidArgument: when no answer gave it.
    """
    if not token:
        return None
    try:
        at, _, name = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
        return datetime.fromisoformat(at).astimezone(UTC), storable(name)
    except (ValueError, binascii.Error, OverflowError):
        raise InvalidArgument("no answer gave this page token", [("page_token", "must be one of an answer")]) from None
