"""Services that run far from everything but the engines: on the port that a platform names, in parts, on demand."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import grpc.aio
import pytest
from grpc import StatusCode

from spark.packets.v1 import packets_pb2
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.telemetry.v1 import telemetry_pb2
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from tests.integration.inference.servers import free_port
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.conftest import StartSpark
from tests.integration.system.running_spark import (
    REPOSITORY,
    ROOMY,
    START_SECONDS,
    Spark,
    environment_of,
    spark_process,
    until,
)
from tests.integration.system.served_alone import engines_and_token, served_alone


def probe(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`spark probe WORDS…`."""
    return subprocess.run(
        [sys.executable, "-m", "host.cli", "probe", *words],
        cwd=REPOSITORY,
        env=environment_of(REPOSITORY, environment),
        capture_output=True,
        text=True,
        check=False,
    )


async def advised(spark: Spark, word: str) -> str:
    """What a new session is told at a failure."""
    async with spark.http() as client:
        return advice_in(await Agent(client, "/srv/alone").fails(failing(word), unknown_flag(word)))


async def test_one_answers_and_another_consumes(up: StartSpark, tmp_path: Path) -> None:
    port = free_port()
    spark = up("--without", "packets", environment={**ROOMY, "SPARK_PACKETS_ADDR": f"127.0.0.1:{port}"})
    given = engines_and_token(spark)
    with (
        served_alone(tmp_path, "packets", "--only", "calls", environment={**given, "PORT": str(port)}) as calls,
        served_alone(tmp_path, "packets", "--only", "events", environment=given) as events,
    ):
        assert calls.grpc == f"127.0.0.1:{port}"
        async with spark.http() as client:
            learnt = sequence_of(await Agent(client, "/srv/alone").learns("parts"))
        await spark.settle(learnt)
        assert working("parts") in await advised(spark, "parts")
        assert events.stored()
        assert not calls.stored()

        request = packets_pb2.GetStatusRequest()
        async with grpc.aio.insecure_channel(calls.grpc) as channel:
            listed = await PacketsServiceStub(channel).GetStatus(request, metadata=spark.metadata, timeout=10)
            assert listed.total
        async with grpc.aio.insecure_channel(events.grpc) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await PacketsServiceStub(channel).GetStatus(request, metadata=spark.metadata, timeout=10)
        assert refused.value.code() is StatusCode.UNIMPLEMENTED
        for place in (calls.grpc, events.grpc):
            assert probe(place).returncode == 0


async def fixes_learnt(spark: Spark) -> int:
    rows = await spark.rows("select count(*) from memory.lesson where body->>'fix' is not null")
    return rows[0][0]


async def test_two_that_consume_learn_what_one_does_also_when_one_dies(up: StartSpark, tmp_path: Path) -> None:
    spark = up("--without", "memory")
    given = engines_and_token(spark)
    with (
        served_alone(tmp_path, "memory", "--only", "events", environment=given) as first,
        served_alone(tmp_path, "memory", "--only", "events", "--host", "127.0.0.1", environment=given) as second,
    ):
        async with spark.http() as client:
            for number in range(20):
                await Agent(client, f"/srv/alone-{number}").learns(f"both{number}")
            first.process.kill()
            for number in range(20, 40):
                await Agent(client, f"/srv/alone-{number}").learns(f"both{number}")
        async with asyncio.timeout(20):
            while await fixes_learnt(spark) < 40:
                await asyncio.sleep(0.05)
        assert second.stored()


async def test_a_token_is_given_without_a_data_folder(up: StartSpark, tmp_path: Path) -> None:
    spark = up()
    mine = "a-token-of-sixteen"
    with served_alone(tmp_path, "telemetry", environment={**engines_and_token(spark), "SPARK_TOKEN": mine}) as served:
        async with grpc.aio.insecure_channel(served.grpc) as channel:
            stub, request = TelemetryServiceStub(channel), telemetry_pb2.ListDecisionsRequest()
            await stub.ListDecisions(request, metadata=(("authorization", f"Bearer {mine}"),), timeout=10)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.ListDecisions(request, metadata=spark.metadata, timeout=10)
        assert refused.value.code() is StatusCode.UNAUTHENTICATED
        assert mine not in served.log.read_text()
    assert not (tmp_path / "telemetry" / "token").exists()


async def test_it_runs_only_while_somebody_calls(up: StartSpark, tmp_path: Path) -> None:
    spark = up()
    with served_alone(
        tmp_path, "telemetry", "--only", "calls", "--on-demand", "0.5", environment=engines_and_token(spark)
    ) as served:
        for _ in range(2):
            until(lambda: served.children() == [], within=START_SECONDS, what="it runs only while somebody calls")
            async with grpc.aio.insecure_channel(served.grpc) as channel:
                stub, request = TelemetryServiceStub(channel), telemetry_pb2.ListDecisionsRequest()
                await stub.ListDecisions(request, metadata=spark.metadata, timeout=START_SECONDS)
                began = [child.pid for child in served.children()]
                await stub.ListDecisions(request, metadata=spark.metadata, timeout=1)
                assert [child.pid for child in served.children()] == began != []
        until(lambda: served.children() == [], within=START_SECONDS, what="it ends when nobody calls")


async def test_who_cannot_start_on_demand_hangs_up_and_says_so(up: StartSpark, tmp_path: Path) -> None:
    spark = up()
    nowhere = {**engines_and_token(spark), "SPARK_NATS_URL": f"nats://127.0.0.1:{free_port()}"}
    with served_alone(tmp_path, "telemetry", "--only", "calls", "--on-demand", "9", environment=nowhere) as served:
        assert probe(served.grpc, "--timeout", "15").returncode == 1
        until(lambda: "NATS" in served.log.read_text(), within=START_SECONDS, what="the reason is said")
        assert "on_demand_failed" in served.log.read_text()


def test_a_probe_tells_what_is_wrong(up: StartSpark) -> None:
    spark = up()
    place = spark.run.grpc.removeprefix("grpc://")
    assert probe(place).stdout == "serving\n"
    assert probe(place, "--service", "live").returncode == 0
    assert probe(place, "--service", "spark.packets.v1.PacketsService").returncode == 0
    assert probe(environment={"SPARK_GRPC_PORT": place.rpartition(":")[2]}).returncode == 0
    unknown = probe(place, "--service", "spark.packets.v1.Packet")
    assert (unknown.returncode, "not found" in unknown.stderr) == (1, True)
    nobody = probe(f"127.0.0.1:{free_port()}")
    assert (nobody.returncode, "unavailable" in nobody.stderr) == (1, True)
    unsaid = probe()
    assert unsaid.returncode == 2
    assert "SPARK_GRPC_PORT" in unsaid.stderr


def test_what_goes_on_demand_consumes_nothing(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "host.cli", "serve", "telemetry", "--on-demand", "5"],
        cwd=REPOSITORY,
        env=environment_of(tmp_path / "home"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "--only calls" in told.stderr


def test_a_token_that_is_not_the_one_of_the_spark_here_is_refused(up: StartSpark, home: Path, tmp_path: Path) -> None:
    up("--without", "telemetry")
    log = tmp_path / "log"
    process = spark_process(home, "serve", "telemetry", log=log, environment={"SPARK_TOKEN": "a-token-of-sixteen"})
    assert process.wait(START_SECONDS) == 1
    said = " ".join(log.read_text().split())
    assert "SPARK_TOKEN" in said
    assert "unset it" in said
