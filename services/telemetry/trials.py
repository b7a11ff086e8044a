"""Sessions that take part in a comparison of arms, in Postgres: one row of sums each, added to with the decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import asyncpg

from chassis.conditions import asked
from services.telemetry.comparison import Arm
from services.telemetry.model import Decision, Wanted
from services.telemetry.sequences import Sessions
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

CAME_BACK = frozenset({moment_pb2.MOMENT_KIND_CALL_SUCCEEDED, moment_pb2.MOMENT_KIND_CALL_FAILED})
"""A call that the user refused is neither: it did not run."""

ADD = """
    insert into telemetry.trial_session as known (
        workspace_id, session_id, project_id, arm, began_at, calls, failures, pieces)
    select * from unnest(
        $1::text[], $2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::bigint[], $7::bigint[], $8::bigint[])
    on conflict (workspace_id, session_id, project_id, arm) do update set
        began_at = least(known.began_at, excluded.began_at),
        calls = known.calls + excluded.calls,
        failures = known.failures + excluded.failures,
        pieces = known.pieces + excluded.pieces
"""
# Sessions that are alike come as one row, so that the answer stays short however many there are.
READ = """
    with session as (
        select min(arm) as arm, sum(calls)::bigint as calls, sum(failures)::bigint as failures,
            sum(pieces)::bigint as pieces
        from telemetry.trial_session
        where workspace_id = $1{}
        group by session_id
        having min(arm) = max(arm) and sum(calls) > 0 and ($2::timestamptz is null or min(began_at) >= $2)
    )
    select arm, calls, failures, count(*) as sessions, sum(pieces)::bigint as pieces
    from session group by arm, calls, failures
"""


async def add(connection: asyncpg.Connection, decisions: Iterable[Decision]) -> None:
    """Counts decisions that were not counted before, within the transaction that is open."""
    of_session: dict[tuple[str, str, str, int], list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.arm:
            key = decision.workspace_id, decision.session_id, decision.project_id, decision.arm
            of_session[key].append(decision)
    if not of_session:
        return
    # Two replicas that count for the same sessions must lock them in the same order.
    rows = [(*key, *sums(of_session[key])) for key in sorted(of_session)]
    await connection.execute(ADD, *(list(column) for column in zip(*rows, strict=True)))


def sums(decisions: Iterable[Decision]) -> tuple[object, ...]:
    """When the first was seen; calls that came back, those that failed, and pieces."""
    known = list(decisions)
    kinds = [decision.kind for decision in known]
    return (
        min(decision.observed_at for decision in known),
        sum(kind in CAME_BACK for kind in kinds),
        kinds.count(moment_pb2.MOMENT_KIND_CALL_FAILED),
        sum(decision.pieces for decision in known),
    )


async def read(connection: asyncpg.Connection, wanted: Wanted) -> tuple[Arm, Arm]:
    """Treatment and control: sessions that began at `since` or later, without those that have been in both."""
    of_project, values = asked([("project_id = {}", wanted.project_id)], wanted.workspace_id, wanted.since)
    rows = await connection.fetch(READ.format(of_project), *values)
    return arm_from(rows, router_pb2.ARM_TREATMENT), arm_from(rows, router_pb2.ARM_CONTROL)


def arm_from(rows: Iterable[asyncpg.Record], number: int) -> Arm:
    """One arm out of the rows of both."""
    own = [row for row in rows if row["arm"] == number]
    sessions = [Sessions(row["calls"], row["failures"], row["sessions"]) for row in own]
    return Arm(sessions, sum(row["pieces"] for row in own))
