"""Sessions of agents: a list, and what happened in one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from chassis.calls import present_call
from chassis.timestamps import to_datetime
from gateway.dashboard.asked import address
from gateway.dashboard.backends import Backends
from gateway.dashboard.decision_rows import Row, row_of
from gateway.dashboard.formats import clock, local, with_names
from gateway.dashboard.serving import Shown
from gateway.phrases import KINDS, words_for
from spark.moment.v1 import moment_pb2
from spark.telemetry.v1 import sessions_pb2, telemetry_pb2

SESSIONS = 50
MOMENTS = 200
SAID = 500
"""Decisions with advice that are read for one session: the contract's own limit, and more than a session may have."""
STRIP_WIDTH = 1000.0
LABELS = 5

FAILED = (moment_pb2.MOMENT_KIND_CALL_FAILED, moment_pb2.MOMENT_KIND_CALL_REJECTED)
TONES: Mapping[int, str] = {
    moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED: "prompt",
    moment_pb2.MOMENT_KIND_CALL_SUCCEEDED: "worked",
    moment_pb2.MOMENT_KIND_CALL_FAILED: "failed",
    moment_pb2.MOMENT_KIND_CALL_REJECTED: "failed",
}
"""Kinds of moments that stand out in a timeline."""


@dataclass(frozen=True)
class Step:
    """One moment of a timeline, with what was said at it."""

    happening: sessions_pb2.Happening
    kind: str
    tone: str
    new_day: str
    """The day, where another one begins with this moment."""
    said: Row | None


@dataclass(frozen=True)
class Mark:
    """One moment on the strip above a timeline."""

    x: float
    width: float
    tone: str
    words: str


class SessionPages:
    """Gathers what they show."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def list(self, request: Request) -> Shown:
        """One page of sessions, those seen last first."""
        query = request.query_params
        wanted = sessions_pb2.ListSessionsRequest(
            project_id=query.get("project", ""), page_size=SESSIONS, page_token=query.get("page", "")
        )
        answer = await self._backends.telemetry.ListSessions(wanted)
        asked = {"project": wanted.project_id}
        older = answer.next_page_token
        values = {
            "here": "sessions",
            "sessions": answer.sessions,
            "roots": with_names(
                self._backends.roots(present_call().workspace_id), [each.project_id for each in answer.sessions]
            ),
            "asked": asked,
            "later": bool(wanted.page_token),
            "newest": address("/sessions", asked),
            "older": address("/sessions", {**asked, "page": older}) if older else "",
        }
        return Shown("sessions.html", values)

    async def one(self, request: Request) -> Shown:
        """The timeline of one session, oldest first, page by page."""
        session_id, token = request.path_params["session_id"], request.query_params.get("page", "")
        telemetry = self._backends.telemetry
        answer, said = await asyncio.gather(
            telemetry.ListMoments(
                sessions_pb2.ListMomentsRequest(session_id=session_id, page_size=MOMENTS, page_token=token)
            ),
            telemetry.ListDecisions(
                telemetry_pb2.ListDecisionsRequest(session_id=session_id, only_said=True, page_size=SAID)
            ),
        )
        roots = self._backends.roots(present_call().workspace_id)
        rows = {each.decision.decision_id: row_of(each, roots) for each in said.decisions}
        path, later = request.url.path, answer.next_page_token
        values = {
            "here": "sessions",
            "session": answer.session,
            "session_id": session_id,
            "steps": steps_of(answer.moments, rows),
            "marks": marks_of(answer.moments, rows),
            "labels": labels_of(answer.moments),
            "roots": roots,
            "earlier": bool(token),
            "first": path,
            "next": address(path, {"page": later}) if later else "",
        }
        return Shown("session.html", values)


def steps_of(moments: Iterable[sessions_pb2.Happening], said: Mapping[str, Row]) -> list[Step]:
    """The moments of a timeline, with their days."""
    steps: list[Step] = []
    day = ""
    for happening in moments:
        today = local(happening.occurred_at).strftime("%A, %Y-%m-%d")
        new_day, day = "" if today == day else today, today
        kind = words_for(KINDS, happening.kind)
        tone = TONES.get(happening.kind, "other")
        steps.append(Step(happening, kind, tone, new_day, said.get(happening.decision_id)))
    return steps


def marks_of(moments: Sequence[sessions_pb2.Happening], said: Mapping[str, Row]) -> list[Mark]:
    """The moments that stand out, where they lie in time: calls as long as they took, and what was said."""
    if not moments:
        return []
    first, last = (to_datetime(each.occurred_at) for each in (moments[0], moments[-1]))
    length = max((last - first).total_seconds(), 1.0)
    marks: list[Mark] = []
    for happening in moments:
        at = STRIP_WIDTH * max(0.0, (to_datetime(happening.occurred_at) - first).total_seconds()) / length
        wide = min(at, STRIP_WIDTH * happening.duration_ms / 1000 / length)
        words = f"{clock(happening.occurred_at)} {words_for(KINDS, happening.kind)} {happening.tool}".rstrip()
        if happening.kind in TONES:
            # A call is seen as it comes back.
            marks.append(Mark(at - wide, max(wide, 2.0), TONES[happening.kind], words))
        if happening.decision_id in said:
            marks.append(Mark(at, 2.0, "said", f"{words}: advice"))
    return marks


def labels_of(moments: Sequence[sessions_pb2.Happening]) -> list[str]:
    """Times at equal distances below the strip."""
    if not moments:
        return []
    first, last = (local(each.occurred_at) for each in (moments[0], moments[-1]))
    far = (last - first).total_seconds() > 86_400
    if (last - first).total_seconds() < LABELS:
        return [each.strftime("%H:%M:%S") for each in (first, last)]
    return [
        (first + (last - first) * number / (LABELS - 1)).strftime("%d %b" if far else "%H:%M:%S")
        for number in range(LABELS)
    ]
