"""Inference in the whole of Spark: ready without an engine, and no server of a model outlives it."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import psutil

from spark.inference.v1 import engines_pb2, inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from tests.integration.inference.world import PATIENCE_S, Reply, asked, rest_of
from tests.integration.system.running_spark import Spark, until


def server_of(spark: Spark) -> psutil.Process:
    """The process that serves the model."""
    children = psutil.Process(spark.process.pid).children(recursive=True)
    lines = [(child, child.cmdline()) for child in children]
    return next(
        child
        for child, line in lines
        if any("llama_server" in word for word in line) and not any(word.endswith("guard.py") for word in line)
    )


def metrics_of(spark: Spark) -> str:
    return httpx.get(f"{spark.run.http}/metrics").text


async def test_a_local_model_serves_and_ends_with_spark_even_when_that_is_killed(
    tiny_model: Path, tmp_path: Path
) -> None:
    environment = {"SPARK_INFERENCE_GGUF": str(tiny_model), "SPARK_INFERENCE_THREADS": "1"}
    spark = Spark.up(tmp_path / "home", environment=environment)
    try:
        async with spark.grpc() as channel:
            stub = InferenceServiceStub(channel)

            async def state() -> engines_pb2.EngineState.ValueType:
                request = inference_pb2.GetHealthRequest()
                answer = await stub.GetHealth(request, metadata=spark.metadata, timeout=5)
                return answer.engines[0].state

            while await state() != engines_pb2.ENGINE_STATE_READY:
                assert await state() != engines_pb2.ENGINE_STATE_DEGRADED, spark.said
            call = stub.Generate(asked(max_tokens=8), metadata=spark.metadata, timeout=PATIENCE_S)
            reply = await rest_of(call, Reply())
        assert reply.started is not None
        assert reply.started.engine == "llama_cpp"
        assert reply.finished is not None
        metrics = metrics_of(spark)
        assert 'spark_model_load_time_seconds{model="tiny"} ' in metrics
        assert 'spark_generations_total{end="length",engine="llama_cpp"} 1.0' in metrics
        assert (tmp_path / "home" / "inference" / "manifest.json").exists()
        server = server_of(spark)
        spark.stop(signal.SIGKILL)
        until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, within=10, what="it ends")
    finally:
        spark.stop(signal.SIGKILL)


def test_spark_is_ready_without_any_engine(tmp_path: Path) -> None:
    spark = Spark.up(tmp_path / "home", environment={"SPARK_INFERENCE_ENGINES": "openai"})
    try:
        assert httpx.get(f"{spark.run.http}/ready").status_code == 200
    finally:
        assert spark.stop() == 0
