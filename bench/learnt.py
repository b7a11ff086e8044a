"""What a Spark has learnt in years: what it learnt itself from a thousand mistakes, their packets, and copies of that.

The copies are about calls, contexts and groups of their own, but share classes, words and antecedents with the rest, so
that each such key leads to a thousand times more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import asyncpg
import grpc.aio
import orjson
from google.protobuf.duration_pb2 import Duration

from bench.agent import Session, turn
from bench.hooks import ROOT
from bench.lessons import Mistake, lesson_from
from bench.store import fill, without_indexes
from gateway.repository import Repository
from host.home import Run
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub

TURNS_A_SESSION = 10
BETWEEN = timedelta(seconds=30)
AGO = timedelta(days=2)
"""Long enough that nothing of it is still quiet from being shown, short enough that all of it is fresh."""
AT_ONCE = 500
PATIENCE_S = 120
TABLES = (
    *("packets.packet", "packets.packet_key", "memory.lesson", "memory.call_key", "memory.learnt"),
    *("prefetch.tally", "prefetch.group_history", "prefetch.example", "prefetch.session"),
)

# Weights from 8 up belong to keys that name one call or one thing (services.packets.keys).
PACKETS = (
    """
    insert into packets.packet (workspace_id, packet_id, project_id, source_mode, text, confidence, lesson, revision,
        fresh_until, remedy, about_file, seen_at)
    select workspace_id, md5(packet_id || copy), project_id, source_mode, text, confidence, lesson, revision,
        fresh_until, remedy, about_file || '#' || copy, seen_at
    from packets.packet, generate_series(1, $1::int) as copy
    """,
    """
    insert into packets.packet_key (workspace_id, project_id, key, rank, packet_id, weight, fresh_until)
    select workspace_id, project_id, case when weight >= 8 then key || '#' || copy else key end, rank,
        md5(packet_id || copy), weight, fresh_until
    from packets.packet_key, generate_series(1, $1::int) as copy
    """,
)
LESSONS = (
    """
    insert into memory.lesson (workspace_id, lesson_id, project_id, state, last_seen, revision, body)
    select workspace_id, md5(lesson_id || copy), project_id, state, last_seen, revision, body
    from memory.lesson, generate_series(1, $1::int) as copy
    """,
    """
    insert into memory.call_key (workspace_id, project_id, key, lesson_id)
    select workspace_id, project_id, md5(key || copy), md5(lesson_id || copy)
    from memory.call_key, generate_series(1, $1::int) as copy
    """,
    """
    insert into memory.learnt (workspace_id, event_id, project_id, session_id)
    select workspace_id, decode(md5(event_id::text || copy), 'hex'), project_id, session_id || '#' || copy
    from memory.learnt, generate_series(1, $1::int) as copy
    """,
    """
    insert into prefetch.tally (workspace_id, project_id, key, body, seen_on)
    select workspace_id, project_id, substr(decode(md5(key::text || copy), 'hex'), 1, 12), body, seen_on
    from prefetch.tally, generate_series(1, $1::int) as copy
    """,
    """
    insert into prefetch.session (workspace_id, project_id, session_id, agent_id, body, updated_at)
    select workspace_id, project_id, session_id || '#' || copy, agent_id, body, updated_at
    from prefetch.session, generate_series(1, $1::int) as copy
    """,
)
GROUPS = (
    """
    insert into prefetch.group_history (workspace_id, project_id, group_name, body)
    select workspace_id, project_id, group_name || '-' || copy, body
    from prefetch.group_history, generate_series(1, $1::int) as copy
    """,
    """
    insert into prefetch.example (workspace_id, project_id, group_name, target, session_id, body, seen_on)
    select workspace_id, project_id, group_name || '-' || copy, target, session_id || '#' || copy, body, seen_on
    from prefetch.example, generate_series(1, $1::int) as copy
    """,
)


async def learn(run: Run, token: str, known: Sequence[Mistake], now: datetime) -> None:
    """Lets Spark learn from sessions in which each mistake was made and mended once."""
    hooks = list(recorded(known, now - AGO))
    metadata = (("authorization", f"Bearer {token}"),)
    async with grpc.aio.insecure_channel(run.grpc.removeprefix("grpc://")) as channel:
        gateway = HooksServiceStub(channel)
        sequence = 0
        for start in range(0, len(hooks), AT_ONCE):
            batch = hooks_pb2.ImportHooksRequest(client="claude-code", hooks=hooks[start : start + AT_ONCE])
            sequence = (await gateway.ImportHooks(batch, metadata=metadata)).sequence
        settle = hooks_pb2.SettleRequest(sequence=sequence, patience=Duration(seconds=PATIENCE_S), forecasts=True)
        await gateway.Settle(settle, metadata=metadata, timeout=PATIENCE_S)


def recorded(known: Sequence[Mistake], begin: datetime) -> Iterator[hooks_pb2.RecordedHook]:
    """The hooks of those sessions, in the order of time."""
    at = begin
    for number, mistake in enumerate(known):
        session = Session(f"learnt-{number // TURNS_A_SESSION}")
        for payload in turn(session, mistake, number):
            hook = hooks_pb2.RecordedHook(payload=orjson.dumps(payload))
            hook.occurred_at.FromDatetime(at)
            yield hook
            at += BETWEEN / 6


async def grow(
    connection: asyncpg.Connection, known: Sequence[Mistake], packets: int, lessons: int, groups: int, now: datetime
) -> None:
    """Brings what is learnt to so many packets, lessons and groups that fail, and all else with the lessons."""
    project_id = Repository(ROOT).project_id
    await fill(
        connection, [lesson_from(mistake, project_id, index, now) for index, mistake in enumerate(known)], [project_id]
    )
    has_packets, has_lessons, has_groups = await counts(connection)
    steps = (
        (PACKETS, packets // has_packets - 1),
        (LESSONS, lessons // has_lessons - 1),
        (GROUPS, groups // has_groups - 1),
    )
    async with connection.transaction(), without_indexes(connection, TABLES):
        for statements, copies in steps:
            for statement in statements:
                await connection.execute(statement, copies)


async def rest(connection: asyncpg.Connection) -> None:
    """Leaves Postgres as it is once all is long written."""
    await connection.execute("vacuum (analyze)")
    await connection.execute("checkpoint")


async def counts(connection: asyncpg.Connection) -> tuple[int, int, int]:
    """Packets, lessons, and groups of calls that have failed."""
    tables = ("packets.packet", "memory.lesson", "prefetch.group_history")
    packets, lessons, groups = [await connection.fetchval(f"select count(*) from {table}") for table in tables]
    return packets, lessons, groups
