"""What telemetry keeps beside decisions, in Postgres: moments, advice, generations and faults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime

from chassis.database import Database
from services.telemetry import hours, sessions
from services.telemetry.hours import columns
from services.telemetry.model import Advice, Faults, Generation, Moment, Session, Wanted
from services.telemetry.tables import Table, storing

Kept = Moment | Advice | Generation | Faults

TIMELINE = """
    select {} from telemetry.moment where workspace_id = $1 and session_id = $2{}
    order by occurred_at, event_id limit {}
"""
ADVICE = "select event from telemetry.advice where workspace_id = $1 and advice_id = any($2::text[])"
REPLACE_ADVICE = """
    update telemetry.advice a
    set changed_at = new.changed_at, state = new.state, verdict = new.verdict, event = new.event
    from unnest($1::text[], $2::timestamptz[], $3::text[], $4::timestamptz[], $5::int[], $6::int[], $7::bytea[])
        as new (workspace_id, given_at, advice_id, changed_at, state, verdict, event)
    where a.workspace_id = new.workspace_id and a.given_at = new.given_at and a.advice_id = new.advice_id
        and a.changed_at < new.changed_at
"""
LOCK_ADVICE = """
    select from telemetry.advice a
    join unnest($1::text[], $2::timestamptz[], $3::text[]) as new (workspace_id, given_at, advice_id)
        on a.workspace_id = new.workspace_id and a.given_at = new.given_at and a.advice_id = new.advice_id
    order by a.workspace_id, a.given_at, a.advice_id for update of a
"""


def names_of(kind: type[Kept]) -> list[str]:
    """The columns of a kind: the names of its fields."""
    return [field.name for field in fields(kind)]


class Records:
    """All of them, of all workspaces. Each `add` stores what is not there yet, all or none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._moment = Table("moment", names_of(Moment))
        self._advice = Table("advice", names_of(Advice))
        self._generation = Table("generation", names_of(Generation))
        self._fault = Table("fault", names_of(Faults))

    async def add_moments(self, moments: Iterable[Moment]) -> None:
        """Stores moments, and counts them for their hours and sessions.

        Raises:
            StoreUnavailable: when none could be stored now.
        """
        async with storing(self._database, self._moment) as connection:
            rows = await self._moment.store(connection, self._moment.rows_of(moments))
            new = [Moment(*row) for row in rows]
            await hours.count_moments(connection, new)
            await sessions.add_moments(connection, new)
        self._moment.made(rows)

    async def add_advice(self, advice: Iterable[Advice]) -> None:
        """Stores how pieces of advice stand; what was said of a piece before, and comes late, changes nothing.

        Raises:
            StoreUnavailable: when none could be stored now.
        """
        latest: dict[tuple[str, datetime, str], Advice] = {}
        for piece in sorted(advice, key=lambda piece: piece.changed_at):
            latest[piece.workspace_id, piece.given_at, piece.advice_id] = piece
        async with storing(self._database, self._advice) as connection:
            rows = await self._advice.store(connection, self._advice.rows_of(latest.values()))
            new = {row[:3] for row in rows}
            known = [latest[key] for key in sorted(latest) if key not in new]
            if known:
                keys = columns((piece.workspace_id, piece.given_at, piece.advice_id) for piece in known)
                await connection.execute(LOCK_ADVICE, *keys)
                changed = columns((each.changed_at, each.state, each.verdict, each.event) for each in known)
                await connection.execute(REPLACE_ADVICE, *keys, *changed)
        self._advice.made(rows)

    async def add_generations(self, generations: Iterable[Generation]) -> None:
        """Stores calls of engines.

        Raises:
            StoreUnavailable: when none could be stored now.
        """
        await self._add(self._generation, generations)

    async def add_faults(self, faults: Iterable[Faults]) -> None:
        """Stores faults.

        Raises:
            StoreUnavailable: when none could be stored now.
        """
        await self._add(self._fault, faults)

    async def _add(self, table: Table, kept: Iterable[Generation | Faults]) -> None:
        async with storing(self._database, table) as connection:
            rows = await table.store(connection, table.rows_of(kept))
        table.made(rows)

    async def timeline(
        self, workspace_id: str, session_id: str, after: tuple[datetime, str] | None, limit: int
    ) -> list[Moment]:
        """What happened in a session, oldest first, after a moment's time and id.

        Raises:
            StoreUnavailable: when it cannot be read now.
        """
        values: list[object] = [workspace_id, session_id]
        condition = ""
        if after is not None:
            condition = " and (occurred_at, event_id) > ($3, $4)"
            values.extend(after)
        statement = TIMELINE.format(", ".join(names_of(Moment)), condition, f"${len(values) + 1}")
        async with self._database.connection() as connection:
            return [Moment(*row) for row in await connection.fetch(statement, *values, limit)]

    async def sessions(self, wanted: Wanted, limit: int) -> list[Session]:
        """The sessions wanted, those seen last first.

        Raises:
            StoreUnavailable: when they cannot be read now.
        """
        async with self._database.connection() as connection:
            return await sessions.newest(connection, wanted, limit)

    async def session(self, workspace_id: str, session_id: str) -> Session | None:
        """A session; None where there is none.

        Raises:
            StoreUnavailable: when it cannot be read now.
        """
        async with self._database.connection() as connection:
            return await sessions.one(connection, workspace_id, session_id)

    async def advice(self, workspace_id: str, advice_ids: Sequence[str]) -> list[bytes]:
        """The events of pieces of advice as they stand.

        Raises:
            StoreUnavailable: when they cannot be read now.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(ADVICE, workspace_id, list(advice_ids))
        return [row["event"] for row in rows]

    def forget_days(self) -> None:
        """To be told when partitions were dropped."""
        for table in (self._moment, self._advice, self._generation, self._fault):
            table.forget_days()
