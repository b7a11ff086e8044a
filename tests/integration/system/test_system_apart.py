"""One service in a process of its own: the same lessons and the same advice, with gRPC in between."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from host.home import Run, read_served
from spark.memory.v1 import lesson_pb2, memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.conftest import StartSpark
from tests.integration.system.running_spark import EXIT_SECONDS, ROOMY, START_SECONDS, Spark, spark_process, until


@contextmanager
def memory_apart(home: Path, log: Path) -> Generator[tuple[subprocess.Popen[bytes], Run]]:
    """`spark serve memory`, and how to reach it."""
    process = spark_process(home, "serve", "memory", log=log)
    try:
        until(
            lambda: read_served(home, "memory") is not None or process.poll() is not None,
            within=START_SECONDS,
            what="memory tells where it is",
        )
        served = read_served(home, "memory")
        assert served is not None, log.read_text()
        assert served.pid == process.pid
        assert httpx.get(f"{served.http}/ready").status_code == 200
        yield process, served
    finally:
        process.terminate()
        process.wait(EXIT_SECONDS)


LESSON = "failed here before"
"""How memory words a failure; prefetch, which is still there, words it otherwise."""


async def advice_on(spark: Spark, word: str) -> str:
    """What a new session is told when it meets the failure."""
    async with spark.http() as client:
        return advice_in(await Agent(client, "/srv/apart").fails(failing(word), unknown_flag(word)))


async def learns(spark: Spark, word: str) -> int:
    async with spark.http() as client:
        return sequence_of(await Agent(client, "/srv/apart").learns(word))


async def test_memory_in_a_process_of_its_own(up: StartSpark, home: Path, tmp_path: Path) -> None:
    spark = up("--without", "memory", environment=ROOMY)
    log = tmp_path / "memory.log"
    assert "memory" not in spark.run.services

    with memory_apart(home, log) as (process, served):
        assert served.services == {"memory": served.grpc.removeprefix("grpc://")}
        await spark.settle(await learns(spark, "apart"))
        assert working("apart") in await advice_on(spark, "apart")
        async with spark.served("memory") as channel:
            listed = await MemoryServiceStub(channel).ListLessons(
                memory_pb2.ListLessonsRequest(), metadata=spark.metadata, timeout=10
            )
        fixes = [lesson for lesson in listed.lessons if lesson.kind == lesson_pb2.LESSON_KIND_FAILURE_FIX]
        assert [lesson.fix.worked for lesson in fixes] == [working("apart")]

        process.send_signal(signal.SIGTERM)
        assert process.wait(EXIT_SECONDS) == 0
    assert read_served(home, "memory") is None

    # Without memory no lesson is learnt, and what is known is still said.
    missed = await learns(spark, "meanwhile")
    assert missed > 0
    assert working("apart") in await advice_on(spark, "apart")
    async with spark.http() as client:
        assert (await client.get("/ready")).status_code == 200
    assert LESSON not in await advice_on(spark, "meanwhile")

    # It comes back elsewhere and learns what it has missed.
    with memory_apart(home, log):
        await spark.settle(missed)
        told = await advice_on(spark, "meanwhile")
        assert LESSON in told
        assert working("meanwhile") in told
    assert "Traceback" not in log.read_text() + spark.said


async def test_memory_killed_in_its_work_learns_the_rest_when_it_comes_back(
    up: StartSpark, home: Path, tmp_path: Path
) -> None:
    spark = up("--without", "memory", environment=ROOMY)
    with memory_apart(home, tmp_path / "memory.log") as (process, _):
        async with spark.http() as client:
            agents = [Agent(client, "/srv/apart") for _ in range(10)]
            replies = [await agent.fails(failing("rest"), unknown_flag("rest")) for agent in agents[:5]]
            process.kill()
            process.wait()
            replies += [await agent.fails(failing("rest"), unknown_flag("rest")) for agent in agents[5:]]
    assert all(map(sequence_of, replies))
    assert read_served(home, "memory") is None
    with memory_apart(home, tmp_path / "memory.log"):
        await spark.settle(max(map(sequence_of, replies)))
        assert await spark.occurrences(failing("rest")) == len(agents)


@pytest.mark.parametrize("words", [["serve", "memory"], ["serve", "no-such-service"]])
def test_serving_says_what_it_lacks(home: Path, tmp_path: Path, words: list[str]) -> None:
    log = tmp_path / "log"
    process = spark_process(home, *words, log=log)
    assert process.wait(EXIT_SECONDS) != 0
    said = " ".join(log.read_text().split())
    assert "Traceback" not in said
    assert "SPARK_DATABASE_URL" in said if "memory" in words else "there are: gateway" in said
