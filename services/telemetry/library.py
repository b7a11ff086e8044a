"""What telemetry can be asked for that takes more than one look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from chassis.clock import Clock
from chassis.consumer import Consumer
from chassis.faults import NotFound
from services.telemetry.hours import hour_of
from services.telemetry.model import Moment, Session, Wanted
from services.telemetry.postgres import Decisions
from services.telemetry.records import Records
from services.telemetry.scorecard import Scorecard, scorecard
from services.telemetry.windows import Windows
from spark.router.v1 import router_pb2

DAY = timedelta(days=1)
GATE_DAYS = 3
"""Days for which what must hold has to hold (seed 000 §10)."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A session, and a page of what happened in it."""

    session: Session
    moments: Sequence[Moment]


class Library:
    """Answers out of decisions, records and windows."""

    def __init__(self, decisions: Decisions, records: Records, windows: Windows, clock: Clock) -> None:
        self._decisions = decisions
        self._records = records
        self._windows = windows
        self._clock = clock

    def now(self) -> datetime:
        """The time by the clock, in UTC."""
        return self._clock.now().astimezone(UTC)

    async def scorecard(self, wanted: Wanted, since: datetime, until: datetime) -> Scorecard:
        """The scorecard of a window beside one as long before it, and the gates of the three days to its end.

        Raises:
            StoreUnavailable: when it cannot be read now.
        """
        # By whole hours, so that nothing of them is counted anew out of what is raw.
        days = [*(hour_of(until - DAY * back) for back in range(GATE_DAYS, 0, -1)), until]
        spans = [(since, until), (since - (until - since), since), (days[0], until), *pairwise(days)]
        window, before, whole, *each = await asyncio.gather(
            *(self._windows.summary(replace(wanted, since=begin, until=end)) for begin, end in spans)
        )
        return scorecard(window, before, each, whole)

    async def decision(self, workspace_id: str, begin: str) -> tuple[router_pb2.AdviceDecided, list[bytes]]:
        """The one decision whose id begins so, and its pieces as they stand.

        Raises:
            NotFound: when there is none, or more than one.
            StoreUnavailable: when it cannot be read now.
        """
        found = await self._decisions.begun(workspace_id, begin)
        if len(found) != 1:
            raise NotFound("no one decision has an id that begins so", kind="decision", id=begin)
        event = router_pb2.AdviceDecided.FromString(found[0])
        given = [piece.advice_id for piece in event.decision.said if piece.advice_id]
        return event, await self._records.advice(workspace_id, given) if given else []

    async def timeline(
        self, workspace_id: str, session_id: str, after: tuple[datetime, str] | None, limit: int
    ) -> Timeline:
        """A page of what happened in a session.

        Raises:
            NotFound: when there is no such session.
            StoreUnavailable: when it cannot be read now.
        """
        session = await self._records.session(workspace_id, session_id)
        if session is None:
            raise NotFound("nothing was seen of this session", kind="session", id=session_id)
        return Timeline(session, await self._records.timeline(workspace_id, session_id, after, limit))


async def all_recorded(consumers: Sequence[Consumer], patience: float) -> None:
    """Returns once every event that was announced up to now is recorded.

    Raises:
        DeadlineExceeded: when patience, in seconds, ends first.
        BusUnavailable: when it cannot be told now.
    """
    await asyncio.gather(*(consumer.caught_up(patience) for consumer in consumers))
