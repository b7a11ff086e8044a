"""A user's word on advice, and the advice that there is to say it of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import asyncpg

from chassis.clock import Clock
from chassis.conditions import asked
from chassis.database import Database
from chassis.faults import InvalidArgument, NotFound
from chassis.timestamps import set_time
from services.packets import advice_queries as queries
from services.packets import ledger, scoring
from services.packets.announcing import announce
from services.packets.effectiveness import Verdict, evidence_of_verdict
from spark.packets.v1 import advice_pb2

DEFAULT_PAGE = 50


class Feedback:
    """What users say of advice."""

    def __init__(
        self, database: Database, clock: Clock, half_life: timedelta, announced: Callable[[], None] = lambda: None
    ) -> None:
        """`announced` is told each time that something waits in the outbox."""
        self._database = database
        self._clock = clock
        self._half_life = half_life
        self._announced = announced

    async def give(self, workspace_id: str, named: str, verdict: Verdict) -> advice_pb2.GivenAdvice:
        """Takes a word on the advice of an id, or of a beginning of one; the last word stands, and undoes the others.

        Raises:
            NotFound: when no advice has such an id.
            InvalidArgument: when several have.
        """
        async with self._database.transaction() as connection:
            row = await only(connection, workspace_id, named)
            if row["verdict"] != verdict:
                now = self._clock.now()
                packet_id = row["packet_id"]
                changes = [change_by(workspace_id, packet_id, verdict, now, 1)]
                if row["verdict"]:
                    changes.append(change_by(workspace_id, packet_id, row["verdict"], row["verdict_at"], -1))
                judged = await connection.fetch(queries.JUDGE, workspace_id, row["advice_id"], verdict, now)
                await announce(connection, judged)
                await scoring.apply(connection, changes, self._half_life)
                await ledger.mark_unwanted(connection, [(workspace_id, row["session_id"])])
            this, values = asked([("a.advice_id = {}", row["advice_id"])], workspace_id, 1)
            rows = await connection.fetch(queries.GIVEN.format(this), *values)
        self._announced()
        return given_from(rows[0])

    async def given(
        self, workspace_id: str, session_id: str, project_id: str, advice_ids: Sequence[str], limit: int
    ) -> list[advice_pb2.GivenAdvice]:
        """Advice that was given, newest first.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        conditions = [
            ("a.session_id = {}", session_id),
            ("a.project_id = {}", project_id),
            ("a.advice_id = any({})", list(advice_ids)),
        ]
        wanted, values = asked(conditions, workspace_id, limit or DEFAULT_PAGE)
        async with self._database.connection() as connection:
            rows = await connection.fetch(queries.GIVEN.format(wanted), *values)
        return [given_from(row) for row in rows]


def change_by(workspace_id: str, packet_id: str, verdict: Verdict, at: datetime, by: int) -> scoring.Change:
    """What a word means for the packet, given (`by` 1) or taken back (-1)."""
    counter = scoring.COUNTER_OF_VERDICT[verdict]
    return scoring.Change(workspace_id, packet_id, at, evidence_of_verdict(verdict), counter, by)


async def only(connection: asyncpg.Connection, workspace_id: str, named: str) -> asyncpg.Record:
    """The one piece of advice whose id begins so; behind a dash may stand its place among those of its decision.

    Raises:
        NotFound: when there is none.
        InvalidArgument: when there are several.
    """
    beginning, dash, place = named.upper().partition("-")
    rows = await connection.fetch(queries.BEGUN, workspace_id, beginning, dash + place)
    if not rows:
        raise NotFound(f"no advice has the id {named}", kind="advice", id=named)
    if len(rows) > 1:
        fits = " and ".join(row["advice_id"] for row in rows)
        raise InvalidArgument(f"several pieces of advice have an id like {named}, {fits} among them: give more of it")
    return rows[0]


def given_from(row: asyncpg.Record) -> advice_pb2.GivenAdvice:
    """A row as the contract has it; of a general tip there is no packet, so no score."""
    advice = advice_pb2.GivenAdvice(
        advice_id=row["advice_id"],
        packet_id=row["packet_id"],
        session_id=row["session_id"],
        state=row["state"],
        decided_by=row["decided_by"],
        verdict=row["verdict"],
        text=row["text"],
        effectiveness_score=row["effectiveness_score"] or 0.0,
        stage=row["stage"] or advice_pb2.STAGE_UNSPECIFIED,
    )
    set_time(advice.given_at, row["given_at"])
    return advice
