"""A key and what a user wrote reach the server that they are for, and nothing else: no log, no error, no state."""

from __future__ import annotations

import logging
from pathlib import Path

import grpc.aio
import httpx
import pytest

from tests.contract.carried import refusal
from tests.integration.inference.cases import KEY, running, trtllm_serve
from tests.integration.inference.servers import loopback
from tests.integration.inference.world import asked, inference

WRONG = f"{KEY}-wrong"
WORDS = "words-of-a-user"


def heard_by(url: str) -> str:
    """All that the server was sent."""
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{url}/asked").text


def files_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
@pytest.mark.parametrize("key", [KEY, WRONG], ids=["accepted", "refused"])
async def test_a_key_goes_to_its_server_alone(
    engine: str, key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    with running(loopback()) as server:
        settings = {
            "SPARK_INFERENCE_ENGINES": engine,
            "SPARK_INFERENCE_OPENAI_URL": f"{server.url}/v1",
            "SPARK_INFERENCE_OPENAI_KEY": key,
            "SPARK_INFERENCE_ANTHROPIC_URL": server.url,
            "SPARK_INFERENCE_ANTHROPIC_MODEL": "counted-words",
            "SPARK_INFERENCE_ANTHROPIC_KEY": key,
        }
        async with inference(tmp_path, settings) as world:
            await world.until(engine, "READY" if key == KEY else "DEGRADED")
            for text in (WORDS, "status 500", "status 400", "status 429"):
                try:
                    told.append(str(await world.generated(asked(text, max_tokens=3))))
                except grpc.aio.AioRpcError as error:
                    told.append(f"{error!r} {refusal(error)}")
            told += [str(await world.health()), str(await world.info(engine)), str(await world.load(engine))]
        heard = heard_by(server.url)
    assert key in heard
    told += [caplog.text, *(str(vars(record)) for record in caplog.records), *capfd.readouterr()]
    told += files_in(tmp_path)
    assert not any(KEY in each or WORDS in each for each in told)
    if key == WRONG:
        assert any("does not accept the key (401 authentication_error)" in each for each in told)


async def test_the_environment_of_other_programs_changes_nothing(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not in small letters: gRPC heeds those, between the test and Spark.
    for name in ("HTTP_PROXY", "ALL_PROXY", "ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-of-another")
    with running(loopback()) as server:
        settings = {
            "SPARK_INFERENCE_OPENAI_URL": f"{server.url}/v1",
            "SPARK_INFERENCE_ANTHROPIC_URL": server.url,
            "SPARK_INFERENCE_ANTHROPIC_MODEL": "counted-words",
            "SPARK_INFERENCE_ANTHROPIC_KEY": KEY,
            "SPARK_INFERENCE_GGUF": str(tiny_model),
            "SPARK_INFERENCE_TRTLLM_MODEL": "counted-words",
            "SPARK_INFERENCE_TRTLLM_BINARY": str(trtllm_serve(tmp_path)),
        }
        async with inference(tmp_path / "home", settings) as world:
            for engine in ("openai", "anthropic", "llama_cpp", "trtllm"):
                await world.until(engine, "READY")
        assert "of-another" not in heard_by(server.url)


async def test_a_server_of_ones_own_needs_no_key_and_costs_nothing(tmp_path: Path) -> None:
    with running(loopback()) as server:
        url = {"SPARK_INFERENCE_OPENAI_URL": f"{server.url}/v1"}
        for settings, hosted in (
            (url, False),
            ({**url, "SPARK_INFERENCE_OPENAI_KEY": KEY}, True),
            ({**url, "SPARK_INFERENCE_OPENAI_HOSTED": "yes"}, True),
            ({**url, "SPARK_INFERENCE_OPENAI_KEY": KEY, "SPARK_INFERENCE_OPENAI_HOSTED": "no"}, False),
        ):
            async with inference(tmp_path, settings) as world:
                assert (await world.info("openai")).hosted == hosted
