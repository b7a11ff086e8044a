"""The whole of Spark behind a pooler: in one process, and in more processes than there are connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import grpc.aio
import pytest

from bench.pgbouncer import PgBouncer
from host.engines import Postgres
from host.home import read_served
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.packets.v1 import advice_pb2
from spark.telemetry.v1 import telemetry_pb2, windows_pb2
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from tests.integration.pooler.conftest import SIZE, pooler_before
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import EXIT_SECONDS, ROOMY, START_SECONDS, Spark, spark_process, until

FOLDER = "/srv/pooled"
APART = ("telemetry", "memory", "packets", "inference", "prefetch")
FEWER = 2
"""Connections to the server for six processes, whose pools are 19 together."""

Up = Callable[..., Spark]


def behind(url: str) -> dict[str, str]:
    return {**ROOMY, "SPARK_DATABASE_URL": url, "SPARK_DATABASE_POOLER": "transaction"}


@contextmanager
def spark_up(home: Path, *words: str, url: str) -> Generator[Spark]:
    spark = Spark.up(home, *words, environment=behind(url))
    try:
        yield spark
    finally:
        assert spark.stop() == 0
        assert "Traceback" not in spark.said


@asynccontextmanager
async def telemetry_of(spark: Spark) -> AsyncGenerator[grpc.aio.Channel]:
    """A channel to telemetry, wherever it runs."""
    async with spark.grpc() if "telemetry" in spark.run.services else spark.served("telemetry") as channel:
        yield channel


async def is_learnt_and_told(spark: Spark, word: str) -> str:
    """A failure and its fix are learnt and told to the next session; returns that session."""
    async with spark.http() as client:
        assert await spark.settle(sequence_of(await Agent(client, FOLDER).learns(word)), forecasts=True)
        other = Agent(client, FOLDER)
        assert working(word) in advice_in(await other.fails(failing(word), unknown_flag(word)))
        await spark.settle(sequence_of(await other.works(working(word))))
    return other.session


async def is_recorded(spark: Spark, session: str) -> str:
    """What was decided is told: as a list, as a window of one view, and row by row; returns the id of what was said."""
    about: dict[str, Any] = {"metadata": spark.metadata, "timeout": 10}
    async with telemetry_of(spark) as channel:
        stub = TelemetryServiceStub(channel)
        await stub.AwaitRecorded(telemetry_pb2.AwaitRecordedRequest(), **about)
        listed = await stub.ListDecisions(telemetry_pb2.ListDecisionsRequest(session_id=session), **about)
        summed = await stub.Summarize(windows_pb2.SummarizeRequest(session_id=session), **about)
        exported = [one async for one in stub.Export(telemetry_pb2.ExportRequest(session_id=session), **about)]
    assert summed.decisions == len(listed.decisions) > 0
    assert sum(one.HasField("decision") for one in exported) == len(listed.decisions)
    return next(piece.advice_id for one in listed.decisions for piece in one.decision.said)


async def connections_of(observer: asyncpg.Connection) -> int:
    own = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    return await observer.fetchval(own)


async def test_one_process_learns_advises_records_and_forgets(
    tmp_path: Path, pooled_url: str, observer: asyncpg.Connection
) -> None:
    with spark_up(tmp_path / "home", url=pooled_url) as spark:
        session = await is_learnt_and_told(spark, "pooled")
        said = await is_recorded(spark, session)
        async with spark.grpc() as channel:
            hooks = HooksServiceStub(channel)
            given = await hooks.GiveFeedback(
                hooks_pb2.GiveFeedbackRequest(advice_id=said, verdict=advice_pb2.VERDICT_HELPFUL),
                metadata=spark.metadata,
                timeout=10,
            )
            assert given.advice.verdict == advice_pb2.VERDICT_HELPFUL
            await hooks.Forget(hooks_pb2.ForgetRequest(session_id=session), metadata=spark.metadata, timeout=20)
        assert await observer.fetchval("select count(*) from telemetry.decision where session_id = $1", session) == 0
        assert await connections_of(observer) <= SIZE


@contextmanager
def served(home: Path, name: str, url: str) -> Generator[None]:
    """`spark serve NAME` until the block ends."""
    log = home.with_name(f"{name}.log")
    process = spark_process(home, "serve", name, log=log, environment=behind(url))
    try:
        until(
            lambda: read_served(home, name) is not None or process.poll() is not None,
            within=START_SECONDS,
            what=f"{name} tells where it is",
        )
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        assert process.wait(EXIT_SECONDS) == 0
        assert "Traceback" not in log.read_text()


@pytest.fixture
def narrow(postgres: Postgres) -> Generator[PgBouncer]:
    """A pooler with fewer connections than there are processes."""
    with pooler_before(postgres, FEWER) as started:
        yield started


async def test_more_processes_than_connections_learn_and_advise(
    tmp_path: Path, narrow: PgBouncer, database_url: str, observer: asyncpg.Connection
) -> None:
    home, url = tmp_path / "home", narrow.url_to(database_url)
    without = [word for name in APART for word in ("--without", name)]
    with spark_up(home, *without, url=url) as spark, ExitStack() as processes:
        for name in APART:
            processes.enter_context(served(home, name, url))
        for word in ("first", "second", "third"):
            await is_recorded(spark, await is_learnt_and_told(spark, word))
        assert await connections_of(observer) <= FEWER
