"""Sessions of agents in Postgres: one row of sums each, added to with what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime

import asyncpg

from chassis.conditions import asked
from services.telemetry.figures import PACKETS
from services.telemetry.hours import columns
from services.telemetry.model import Decision, Moment, Session, Wanted
from services.telemetry.trials import CAME_BACK
from spark.moment.v1 import moment_pb2

COLUMNS = ", ".join(field.name for field in fields(Session))
# An older event that comes late names the session no anew, and takes back no end.
ADD_MOMENTS = f"""
    insert into telemetry.session as known ({COLUMNS}, first_call_packet)
    select *, false from unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bool[], $8::bigint[],
        $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
    on conflict (workspace_id, session_id) do update set
        project_id = case when excluded.seen_at >= known.seen_at then excluded.project_id else known.project_id end,
        client = case when excluded.seen_at >= known.seen_at then excluded.client else known.client end,
        ended = case when excluded.seen_at >= known.seen_at then excluded.ended else known.ended end,
        began_at = least(known.began_at, excluded.began_at),
        seen_at = greatest(known.seen_at, excluded.seen_at),
        moments = known.moments + excluded.moments,
        calls = known.calls + excluded.calls,
        failures = known.failures + excluded.failures
"""  # noqa: S608
ADD_DECISIONS = f"""
    insert into telemetry.session as known ({COLUMNS}, first_call_at, first_call_packet)
    select * from unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bool[], $8::bigint[],
        $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::timestamptz[], $14::bool[])
    on conflict (workspace_id, session_id) do update set
        began_at = least(known.began_at, excluded.began_at),
        seen_at = greatest(known.seen_at, excluded.seen_at),
        decisions = known.decisions + excluded.decisions,
        said = known.said + excluded.said,
        first_call_packet = case
            when excluded.first_call_at < coalesce(known.first_call_at, 'infinity') then excluded.first_call_packet
            else known.first_call_packet end,
        first_call_at = least(known.first_call_at, excluded.first_call_at)
"""  # noqa: S608
NEWEST = f"select {COLUMNS} from telemetry.session where {{}} order by seen_at desc, session_id desc limit {{}}"  # noqa: S608
ONE = f"select {COLUMNS} from telemetry.session where workspace_id = $1 and session_id = $2"  # noqa: S608

Owner = tuple[str, str]
"""Workspace and session."""


async def add_moments(connection: asyncpg.Connection, moments: Iterable[Moment]) -> None:
    """Counts moments for their sessions, within the transaction that is open."""
    of_session: dict[Owner, list[Moment]] = defaultdict(list)
    for moment in moments:
        of_session[moment.workspace_id, moment.session_id].append(moment)
    if not of_session:
        return
    rows: list[Sequence[object]] = []
    # Two replicas that count for the same sessions must lock them in the same order.
    for owner in sorted(of_session):
        heard = of_session[owner]
        last = max(heard, key=lambda moment: (moment.observed_at, moment.kind))
        kinds = [moment.kind for moment in heard]
        began = min(moment.observed_at for moment in heard)
        ended = last.kind == moment_pb2.MOMENT_KIND_SESSION_ENDED
        calls, failures = sum(kind in CAME_BACK for kind in kinds), kinds.count(moment_pb2.MOMENT_KIND_CALL_FAILED)
        place = (last.project_id, last.client, began, last.observed_at, ended)
        rows.append((*owner, *place, len(heard), calls, failures, 0, 0))
    await connection.execute(ADD_MOMENTS, *columns(rows))


async def add_decisions(connection: asyncpg.Connection, decisions: Iterable[Decision]) -> None:
    """Counts decisions for their sessions, within the transaction that is open."""
    of_session: dict[Owner, list[Decision]] = defaultdict(list)
    for decision in decisions:
        of_session[decision.workspace_id, decision.session_id].append(decision)
    if not of_session:
        return
    rows: list[Sequence[object]] = []
    for owner in sorted(of_session):
        made = sorted(of_session[owner], key=lambda decision: (decision.observed_at, decision.decision_id))
        calls = [decision for decision in made if decision.kind == moment_pb2.MOMENT_KIND_CALL_PROPOSED]
        first: tuple[datetime | None, bool] = (calls[0].observed_at, is_hit(calls[0])) if calls else (None, False)
        place = (made[-1].project_id, made[-1].client, made[0].observed_at, made[-1].observed_at, False)
        rows.append((*owner, *place, 0, 0, 0, len(made), sum(decision.said for decision in made), *first))
    await connection.execute(ADD_DECISIONS, *columns(rows))


def is_hit(decision: Decision) -> bool:
    """Whether a decision was answered out of packets: a route without a piece is no hit."""
    return decision.route in PACKETS and decision.found > 0


async def newest(connection: asyncpg.Connection, wanted: Wanted, limit: int) -> list[Session]:
    """The sessions wanted, those seen last first."""
    found, values = asked([("project_id = {}", wanted.project_id)], wanted.workspace_id)
    if wanted.before is not None:
        found += f" and (seen_at, session_id) < (${len(values) + 1}, ${len(values) + 2})"
        values.extend(wanted.before)
    statement = NEWEST.format(f"workspace_id = $1{found}", f"${len(values) + 1}")
    return [Session(*row) for row in await connection.fetch(statement, *values, limit)]


async def one(connection: asyncpg.Connection, workspace_id: str, session_id: str) -> Session | None:
    """A session; None where there is none."""
    row = await connection.fetchrow(ONE, workspace_id, session_id)
    return Session(*row) if row is not None else None
