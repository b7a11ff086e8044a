"""A new schema comes under agents at work: no hook fails, none loses its advice, and the old version starts on it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from chassis.migrating import migrate
from chassis.migrations import OUTSIDE, Migration, look, read_migrations
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import ROOMY, Spark

AGENTS = 3
FOLDER = "/srv/upgraded"
HOOK_SECONDS = 1.0
TRIES = 3
"""So often a migration must have let go of its place in the queue before the reader is through."""

TABLES = {
    "packets": ["packets.packet", "packets.packet_key", "packets.agent_session", "packets.advice"],
    "telemetry": ["telemetry.decision", "telemetry.moment", "telemetry.session"],
}
NEXT = {
    "packets": [
        "alter table packets.packet add column tenant text not null default 'local';",
        "alter table packets.agent_session add column tenant text not null default 'local';",
        f"{OUTSIDE}\ncreate index concurrently if not exists advice_tenant on packets.advice (project_id, state);",
        "create table packets.tenant (tenant text primary key, made_at timestamptz not null default now());",
    ],
    "telemetry": [
        "alter table telemetry.decision add column tenant text not null default 'local';",
        f"{OUTSIDE}\ncreate index concurrently if not exists session_client on telemetry.session (client, seen_at);",
        "create table telemetry.tenant (tenant text primary key);",
    ],
}


def files_of(schema: str) -> list[Migration]:
    """A copy of a service's migrations with those of the version to come."""
    own = read_migrations(f"services.{schema}")
    first = own[-1].version + 1
    return [*own, *(Migration(first + n, f"{first + n:04}_next", sql) for n, sql in enumerate(NEXT[schema]))]


@dataclass(frozen=True)
class Answered:
    """A hook: how long it took, in seconds, and whether it brought advice."""

    took: float
    advised: bool


async def at_work(spark: Spark, word: str, ended: asyncio.Event) -> list[Answered]:
    """An agent that begins sessions, one after the other, each with a failure that others have met."""
    answers: list[Answered] = []
    async with spark.http() as client:
        while not ended.is_set():
            agent = Agent(client, FOLDER)
            began = time.monotonic()
            reply = await agent.fails(failing(word), unknown_flag(word))
            answers.append(Answered(time.monotonic() - began, working(word) in advice_in(reply)))
    return answers


@asynccontextmanager
async def somebody_reads(url: str, tables: list[str]) -> AsyncGenerator[None]:
    """A long reader: no table that it has read can be changed until it is through."""
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        for table in tables:
            await connection.fetchval(f"select count(*) from {table}")
        yield
    await connection.close()


def waits(caplog: pytest.LogCaptureFixture, schema: str) -> int:
    told = [record for record in caplog.records if getattr(record, "action", "") == "migration_waits"]
    return sum(getattr(record, "schema", "") == schema for record in told)


async def upgrade(url: str, schema: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """The job, which a reader holds up until it has tried a few times."""
    async with somebody_reads(url, TABLES[schema]):
        job = asyncio.create_task(migrate(url, schema, files_of(schema)))
        while waits(caplog, schema) < TRIES:
            assert not job.done(), "the reader held nothing up"
            await asyncio.sleep(0.01)
    return await job


async def test_a_schema_changes_under_agents_at_work(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    home, environment = tmp_path / "home", {**ROOMY, "SPARK_DATABASE_URL": database_url}
    spark = Spark.up(home, environment=environment)
    try:
        async with spark.http() as client:
            await spark.settle(sequence_of(await Agent(client, FOLDER).learns("before")))
        ended = asyncio.Event()
        agents = [asyncio.create_task(at_work(spark, "before", ended)) for _ in range(AGENTS)]
        try:
            for schema in NEXT:
                applied = await upgrade(database_url, schema, caplog)
                assert len(applied) == len(NEXT[schema])
        finally:
            ended.set()
            answers = [each for own in await asyncio.gather(*agents) for each in own]
        slowest = max(each.took for each in answers)
        assert len(answers) > 10 * AGENTS
        assert slowest < HOOK_SECONDS
        assert [each for each in answers if not each.advised] == []
        # What the version before does not know, it does not mind.
        async with spark.http() as client:
            await spark.settle(sequence_of(await Agent(client, FOLDER).learns("after")))
    finally:
        assert spark.stop() == 0
    assert "Traceback" not in spark.said
    assert "store_unavailable" not in spark.said

    again = Spark.up(home, environment={**environment, "SPARK_MIGRATE": "0"})
    try:
        async with again.http() as client:
            for word in ("before", "after"):
                reply = await Agent(client, FOLDER).fails(failing(word), unknown_flag(word))
                assert working(word) in advice_in(reply)
    finally:
        assert again.stop() == 0
    for schema in NEXT:
        assert len((await look(database_url, schema, read_migrations(f"services.{schema}"))).unknown) == len(
            NEXT[schema]
        )
