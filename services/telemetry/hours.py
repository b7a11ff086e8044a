"""What is counted of each hour: added with what is stored, in the same transaction; taken back with what is erased."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.telemetry.buckets import bucket_of
from services.telemetry.model import Decision, Moment

DECISION_KEY = "workspace_id, starts_at, project_id, kind, route, silence, said, found, bucket"
ADD_DECISIONS = f"""
    insert into telemetry.decision_hour as known ({DECISION_KEY}, count)
    select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::int[], $5::int[], $6::int[], $7::bool[],
        $8::bool[], $9::int[], $10::bigint[])
    on conflict ({DECISION_KEY}) do update set count = known.count + excluded.count
"""  # noqa: S608
MOMENT_KEY = "workspace_id, starts_at, project_id, kind"
ADD_MOMENTS = f"""
    insert into telemetry.moment_hour as known ({MOMENT_KEY}, count)
    select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::int[], $5::bigint[])
    on conflict ({MOMENT_KEY}) do update set count = known.count + excluded.count
"""  # noqa: S608


def hour_of(moment: datetime) -> datetime:
    """The hour of UTC in which a moment lies."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


async def count_decisions(connection: asyncpg.Connection, decisions: Iterable[Decision]) -> None:
    """Counts decisions, within the transaction that is open."""
    counts = Counter(
        (
            decision.workspace_id,
            hour_of(decision.observed_at),
            decision.project_id,
            decision.kind,
            decision.route,
            decision.silence,
            decision.said,
            decision.found > 0,
            bucket_of(decision.hook_latency_us),
        )
        for decision in decisions
    )
    await add(connection, ADD_DECISIONS, counts)


async def count_moments(connection: asyncpg.Connection, moments: Iterable[Moment]) -> None:
    """Counts moments, within the transaction that is open."""
    counts = Counter(
        (moment.workspace_id, hour_of(moment.observed_at), moment.project_id, moment.kind) for moment in moments
    )
    await add(connection, ADD_MOMENTS, counts)


async def add(connection: asyncpg.Connection, statement: str, counts: Mapping[tuple[Any, ...], int]) -> None:
    """Adds to counts by their keys."""
    if counts:
        # Two replicas that count the same must lock in the same order.
        await connection.execute(statement, *columns((*key, counts[key]) for key in sorted(counts)))


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """The values of many rows, one list for each parameter of a statement."""
    return [list(column) for column in zip(*rows, strict=True)]
