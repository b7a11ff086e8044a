"""Which engine serves: the first that can, the next where that breaks before its first piece; a named one alone."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest

from tests.contract.carried import refusal
from tests.integration.chassis.waiting import eventually
from tests.integration.inference.cases import KEY, running
from tests.integration.inference.servers import Served, child_with, loopback, url_of
from tests.integration.inference.world import World, asked, inference


@pytest.fixture
async def server() -> AsyncGenerator[Served]:
    """The server that speaks from documents, both protocols on one address."""
    with running(loopback()) as server:
        yield server


def remote(server: Served, engines: str, key: str = KEY) -> Mapping[str, str]:
    """Both remote engines on the one server."""
    return {
        "SPARK_INFERENCE_ENGINES": engines,
        "SPARK_INFERENCE_OPENAI_URL": f"{server.url}/v1",
        "SPARK_INFERENCE_OPENAI_KEY": key,
        "SPARK_INFERENCE_ANTHROPIC_URL": server.url,
        "SPARK_INFERENCE_ANTHROPIC_MODEL": "counted-words",
        "SPARK_INFERENCE_ANTHROPIC_KEY": key,
    }


async def engine_of(world: World, engine: str = "") -> str:
    """Which one serves."""
    reply = await world.generated(asked(max_tokens=2, engine=engine))
    assert reply.started is not None
    return reply.started.engine


async def refused(world: World, text: str, **fields: Any) -> tuple[str, str]:
    """Reason and message of a request that no engine took."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.generated(asked(text, **fields))
    told = refusal(caught.value)
    return told.reason, told.message


def paths(server: Served) -> list[str]:
    """What the server was asked, in order, but for warm-ups and lists of models."""
    asked_of_it = httpx.get(f"{server.url}/asked").json()
    return [each["path"] for each in asked_of_it if each["body"]["messages"][-1]["content"] != "Say ok."]


def write_part(model: Path, path: Path, size: int | None = None) -> None:
    """The first bytes of a model; all of them without a size."""
    path.write_bytes(model.read_bytes()[:size])


async def test_the_first_in_the_order_serves_and_a_named_one_alone(server: Served, tmp_path: Path) -> None:
    async with inference(tmp_path, remote(server, "anthropic,openai")) as world:
        for engine in ("anthropic", "openai"):
            await world.until(engine, "READY")
        assert list(await world.health()) == ["anthropic", "openai"]
        assert await engine_of(world) == "anthropic"
        assert await engine_of(world, engine="openai") == "openai"
        assert (await refused(world, "hello", engine="vllm"))[0] == "REASON_NOT_FOUND"


async def test_another_serves_where_the_first_breaks_before_its_first_piece(server: Served, tmp_path: Path) -> None:
    async with inference(tmp_path, remote(server, "openai,anthropic")) as world:
        for engine in ("anthropic", "openai"):
            await world.until(engine, "READY")
        reason, message = await refused(world, "status 500", max_tokens=2)
        assert (reason, message) == ("REASON_ENGINE_UNAVAILABLE", "anthropic failed (500 made_up_error)")
        assert paths(server) == ["/v1/chat/completions", "/v1/messages"]
        # What the request itself is to blame for would break elsewhere too.
        reason, message = await refused(world, "status 400", max_tokens=2)
        assert (reason, message) == ("REASON_INVALID_ARGUMENT", "openai refuses the request (400 made_up_error)")
        assert paths(server)[2:] == ["/v1/chat/completions"]
        reason, _ = await refused(world, "status 500", max_tokens=2, engine="openai")
        assert reason == "REASON_ENGINE_UNAVAILABLE"
        assert paths(server)[3:] == ["/v1/chat/completions"]
        reason, _ = await refused(world, "status 429", max_tokens=2)
        assert reason == "REASON_OVERLOADED"


async def test_one_that_fails_again_and_again_is_passed_over_and_found_again(
    server: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A command that ran in this process before may have set the root's level.
    caplog.set_level(logging.INFO, logger="services.inference.kept")
    async with inference(tmp_path, remote(server, "openai,anthropic")) as world:
        for engine in ("anthropic", "openai"):
            await world.until(engine, "READY")
        for _ in range(3):
            await refused(world, "status 500", engine="openai")
        # The server being none the worse, it may be warm again by now.
        degraded = [vars(record)["reason"] for record in caplog.records if vars(record).get("state") == "degraded"]
        assert degraded == ["openai failed (500 made_up_error)"]
        await world.until("openai", "READY")
        assert await engine_of(world) == "openai"


async def test_a_server_that_is_gone_leaves_the_others_and_then_the_words_that_say_so(
    server: Served, tmp_path: Path
) -> None:
    async with inference(tmp_path, remote(server, "openai,template")) as world:
        await world.until("openai", "READY")
        assert await engine_of(world) == "openai"
        server.kill()
        # Whoever finds it out is told so: words of no model are no answer to a request that an engine broke.
        assert (await refused(world, "hello"))[0] == "REASON_ENGINE_UNAVAILABLE"
        assert await world.state("openai") == "DEGRADED"
        assert await engine_of(world) == "template"
        assert (await refused(world, "hello", engine="openai"))[0] == "REASON_ENGINE_UNAVAILABLE"
        server.start()
        await world.until("openai", "READY")
        assert await engine_of(world) == "openai"


async def test_spark_is_there_before_any_engine_and_says_what_is_missing(tmp_path: Path) -> None:
    settings = {"SPARK_INFERENCE_ENGINES": "openai,anthropic,llama_cpp,trtllm"}
    settings |= {"SPARK_INFERENCE_GGUF": str(tmp_path / "none.gguf"), "SPARK_INFERENCE_TRTLLM_MODEL": "some/model"}
    settings |= {"SPARK_INFERENCE_TRTLLM_BINARY": "no-such-trtllm-serve", "SPARK_INFERENCE_ANTHROPIC_MODEL": "some"}
    async with inference(tmp_path, settings) as world:
        for engine in ("openai", "anthropic", "llama_cpp", "trtllm"):
            await world.until(engine, "DEGRADED")
        why = {name: health.detail for name, health in (await world.health()).items()}
        assert "SPARK_INFERENCE_OPENAI_URL" in why["openai"]
        assert "SPARK_INFERENCE_ANTHROPIC_KEY" in why["anthropic"]
        assert "none.gguf" in why["llama_cpp"]
        assert "SPARK_INFERENCE_TRTLLM_BINARY" in why["trtllm"]
        reason, message = await refused(world, "hello")
        assert reason == "REASON_ENGINE_UNAVAILABLE"
        assert all(detail in message for detail in why.values())


async def test_by_default_there_are_those_that_are_configured(tiny_model: Path, tmp_path: Path) -> None:
    async with inference(tmp_path / "bare", {}) as world:
        assert list(await world.health()) == ["template"]
        await world.until("template", "READY")
        assert await engine_of(world) == "template"
    async with inference(tmp_path, {"SPARK_INFERENCE_GGUF": str(tiny_model)}) as world:
        assert list(await world.health()) == ["llama_cpp", "template"]


async def test_one_is_ready_only_after_its_warm_up(tmp_path: Path) -> None:
    with running(loopback("--first", "1.0")) as slow:
        settings = {"SPARK_INFERENCE_OPENAI_URL": f"{slow.url}/v1", "SPARK_INFERENCE_ENGINES": "openai"}
        async with inference(tmp_path, settings) as world:
            assert await world.state("openai") == "STARTING"
            await world.until("openai", "WARMING")
            assert (await refused(world, "hello"))[1] == "no engine is ready: openai is warming"
            assert (await world.info("openai")).load_seconds == 0
            await world.until("openai", "READY")
            assert (await world.info("openai")).load_seconds >= 1.0


async def test_a_lazy_one_is_loaded_when_it_is_first_wanted(tiny_model: Path, tmp_path: Path) -> None:
    settings = {"SPARK_INFERENCE_GGUF": str(tiny_model), "SPARK_INFERENCE_LAZY": "llama_cpp"}
    async with inference(tmp_path, settings) as world:
        await world.until("template", "READY")
        assert (await world.health())["llama_cpp"].detail == "is loaded at its first use"
        assert await world.state("llama_cpp") == "STARTING"
        assert child_with("llama_server") is None
        assert await engine_of(world) == "llama_cpp"
        assert (await world.info("llama_cpp")).load_seconds > 0


async def test_a_model_file_that_is_broken_does_not_take_us_with_it(tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    write_part(tiny_model, broken, 5000)
    async with inference(tmp_path / "home", {"SPARK_INFERENCE_GGUF": str(broken)}) as world:
        await world.until("llama_cpp", "DEGRADED")
        assert "ended while it started" in (await world.health())["llama_cpp"].detail
        write_part(tiny_model, broken)
        await world.until("llama_cpp", "READY")


async def test_a_server_of_our_own_answers_nobody_else(tiny_model: Path, tmp_path: Path) -> None:
    async with inference(tmp_path, {"SPARK_INFERENCE_GGUF": str(tiny_model)}) as world:
        await world.until("llama_cpp", "READY")
        process = child_with("llama_server")
        assert process is not None
        body = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
        async with httpx.AsyncClient(base_url=url_of(process)) as stranger:
            assert (await stranger.post("/v1/chat/completions", json=body)).status_code == 401
            assert (await stranger.get("/slots")).status_code == 401


async def test_a_server_that_dies_idle_is_back_before_anybody_asks(tiny_model: Path, tmp_path: Path) -> None:
    async with inference(tmp_path, {"SPARK_INFERENCE_GGUF": str(tiny_model)}) as world:
        await world.until("llama_cpp", "READY")
        process = child_with("llama_server")
        assert process is not None
        os.kill(process.pid, 9)
        await world.until("llama_cpp", "DEGRADED")
        await world.until("llama_cpp", "READY")
        again = child_with("llama_server")
        assert again is not None
        assert again.pid != process.pid
        assert await engine_of(world) == "llama_cpp"


async def test_at_a_stop_what_runs_ends_and_what_comes_is_refused(server: Served, tmp_path: Path) -> None:
    async with inference(tmp_path, remote(server, "openai")) as world:
        await world.until("openai", "READY")
        short = asyncio.ensure_future(world.generated(asked(max_tokens=100)))
        endless = asyncio.ensure_future(world.generated(asked(max_tokens=30_000)))

        async def both_run() -> bool:
            return (await world.load("openai")).running == 2

        await eventually(both_run)
        stopping = asyncio.ensure_future(world.running.stop())
        await world.until("openai", "DRAINING")
        assert (await refused(world, "hello"))[1] == "Spark is stopping"
        ended = await short
        assert ended.finished is not None
        assert ended.finished.usage.output_tokens == 100
        cut = await endless
        assert cut.failed is not None
        assert (cut.failed.reason, cut.failed.message) == ("REASON_ENGINE_UNAVAILABLE", "Spark is stopping")
        await stopping
