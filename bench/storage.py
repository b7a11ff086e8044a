"""`make bench-storage DATA=PATH`: bytes that a hook leaves behind, by table and by stream, and how long they stay.

Drives the hooks of transcripts through one whole Spark, waits until all of it is learnt and recorded, and divides what
Postgres and NATS then hold by the number of hooks. Without a path the hooks are made up (bench/moments.py), and are
shorter than real ones.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import asyncpg
import orjson
import uvloop
from rich.table import Table

from bench.fleet.waiting import drained
from bench.fleet_model.measured import record
from bench.keep_alive import KeepAlive
from bench.moments import Work
from bench.processes import system
from bench.report import console
from chassis.bus import Bus
from chassis.identity import local_token
from host.home import Run
from host.recordings.transcripts import Reader

MADE_UP = 10_000
PATIENT = {"SPARK_ADVISORY_MAX_MS": "4000"}
"""On a busy machine a late hook would leave less behind."""
AN_HOUR = 100
"""Hooks of one project in an hour, by which rows that count by the hour are counted here: all of this is driven in a
minute or two, and would fall into one hour."""

RELATIONS = """
select coalesce(pg_partition_root(oid), oid)::regclass::text as name, sum(pg_total_relation_size(oid))::bigint as bytes
from pg_class where relkind in ('r', 'p') and relnamespace::regnamespace::text = any($1) group by 1
"""
SCHEMAS = ("gateway", "memory", "packets", "prefetch", "telemetry", "inference")
BY_THE_HOUR = """
select sum(rows)::float8 / sum(decisions)::float8 from (
    select count(distinct (kind, route, silence, said, found > 0, bucket)) as rows, count(*) as decisions
    from (select *, row_number() over (order by observed_at) / $1::int as hour from telemetry.decision) as decided
    group by hour
) as hours
"""


@dataclass(frozen=True)
class Kept:
    """Of one table or stream: what one hook adds on the mean."""

    rows: float
    size: float
    """Bytes, with indexes."""


@dataclass(frozen=True)
class Storage:
    """What `hooks` hooks left behind."""

    source: str
    hooks: int
    lessons: int
    tables: dict[str, Kept]
    streams: dict[str, Kept]
    wal: float
    """Bytes a hook."""
    decision_hour_share: float
    """Rows of telemetry.decision_hour for each decision, where a project has a hundred in an hour."""


def payloads(paths: list[str]) -> Iterator[Mapping[str, object]]:
    """The hooks of transcripts in the order of their sessions, else hooks that are made up."""
    if not paths:
        yield from islice(Work(Random(7)).hooks(), MADE_UP)
        return
    reader = Reader()
    for transcript in reader.find(Path(path) for path in paths):
        for hook in reader.hooks(transcript):
            yield hook.payload


async def bench(home: Path, paths: list[str]) -> Storage:
    """Drives all hooks and looks at what is there."""
    with system(home, PATIENT) as run:
        connection, bus = await asyncpg.connect(run.database_url), await Bus.connect(run.nats_url)
        began = await log_bytes(connection)
        hooks = drive(run, local_token(home), payloads(paths))
        await drained(bus)
        wal = await log_bytes(connection) - began
        found = Storage(
            source="transcripts" if paths else "made up",
            hooks=hooks,
            lessons=int(await connection.fetchval("select count(*) from memory.lesson")),
            tables=await tables(connection, hooks),
            streams=await streams(bus, hooks),
            wal=wal / hooks,
            decision_hour_share=float(await connection.fetchval(BY_THE_HOUR, AN_HOUR)),
        )
        await connection.close()
        await bus.close()
    return found


def drive(run: Run, token: str, hooks: Iterator[Mapping[str, object]]) -> int:
    """Sends hooks back to back; returns how many.

    Raises:
        RuntimeError: when one is refused.
    """
    host, _, port = run.http.removeprefix("http://").rpartition(":")
    client = KeepAlive(host, int(port), "/v1/hooks/claude-code", {"authorization": f"Bearer {token}"})
    sent = 0
    for payload in hooks:
        reply = client.exchange(client.request(orjson.dumps(payload)))
        if reply.status != 200:
            raise RuntimeError(f"a hook was refused: {reply.head.decode('latin-1')}")
        sent += 1
    client.close()
    return sent


async def log_bytes(connection: asyncpg.Connection) -> int:
    """How far the write-ahead log is."""
    return int(await connection.fetchval("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))


async def tables(connection: asyncpg.Connection, hooks: int) -> dict[str, Kept]:
    """What each table holds, all its partitions together; empty ones are left out."""
    found: dict[str, Kept] = {}
    for row in await connection.fetch(RELATIONS, list(SCHEMAS)):
        rows = int(await connection.fetchval(f"select count(*) from {row['name']}"))
        if rows:
            found[row["name"]] = Kept(rows / hooks, row["bytes"] / hooks)
    return found


async def streams(bus: Bus, hooks: int) -> dict[str, Kept]:
    """What each stream holds; empty ones are left out."""
    return {
        str(info.config.name): Kept(info.state.messages / hooks, info.state.bytes / hooks)
        for info in await bus.jetstream.streams_info()
        if info.state.messages
    }


def show(found: Storage) -> None:
    """A table for people."""
    console.print(f"{found.hooks:,} hooks ({found.source}), {found.lessons} lessons learnt")
    table = Table(title="What a hook leaves behind, on the mean", title_justify="left", min_width=80)
    table.add_column("where")
    for heading in ("rows", "bytes", "bytes a row"):
        table.add_column(heading, justify="right")
    for name, kept in sorted({**found.tables, **found.streams}.items(), key=lambda one: -one[1].size):
        table.add_row(name, f"{kept.rows:.3f}", f"{kept.size:.0f}", f"{kept.size / kept.rows:.0f}")
    console.print(table)
    console.print(f"write-ahead log: {found.wal:.0f} bytes a hook")


def main() -> None:
    """Runs in a throw-away data folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as home:
        found = uvloop.run(bench(Path(home), sys.argv[1:]))
    show(found)
    console.print(f"kept in {record('storage', found)}")


if __name__ == "__main__":
    main()
