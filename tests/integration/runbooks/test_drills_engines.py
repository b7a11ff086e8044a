"""Drills: engines are away, slow, dear, or on the CPU."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from tests.integration.runbooks.ground import Ground, drills
from tests.integration.runbooks.pages import DO, LOOK, VERIFY
from tests.integration.speaking_model import Model, speaking

# Commands are processes of their own, and with Postgres hanging each waits for it.
pytestmark = pytest.mark.timeout(300)

ANSWERS = {"confidence": 0.9, "verdict": "do", "risk": "", "answer": "Do it."}
DEAR = "scripted=2000/2000"
"""US dollars for a million tokens: about 20 cents an answer."""
LESS_DEAR = "scripted=200/200"
SAYS = "#!/bin/sh\nprintf '0, {share}, 1024, 143771\\n'\n"


@pytest.fixture
def model() -> Generator[Model]:
    with speaking() as model:
        model.voice = {**ANSWERS}
        yield model


async def ask(client: httpx.AsyncClient, count: int, at_once: int = 4) -> list[dict[str, object]]:
    """Questions, each in a conversation of its own."""
    turn = asyncio.Semaphore(at_once)

    async def one(number: int) -> dict[str, object]:
        async with turn:
            asked = {"session_id": f"drill-{number}", "text": "Should I?"}
            reply = await client.post("/v1/chat", json=asked, timeout=30)
            assert reply.status_code == 200, reply.text
            return reply.json()

    return await asyncio.gather(*(one(number) for number in range(count)))


async def ready(client: httpx.AsyncClient, engine: str) -> None:
    """Waits until an engine is ready."""
    line = f'spark_engine_ready{{engine="{engine}"}} 1.0'
    async with asyncio.timeout(20):
        while line not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.05)


def hosted(model: Model) -> dict[str, str]:
    """Settings of a hosted server."""
    return {
        "SPARK_INFERENCE_ENGINES": "openai",
        "SPARK_INFERENCE_OPENAI_URL": model.url,
        "SPARK_INFERENCE_OPENAI_MODEL": "scripted",
        "SPARK_INFERENCE_OPENAI_HOSTED": "yes",
        "SPARK_INFERENCE_PRICES": DEAR,
    }


@drills("agent0-slow", "spend")
async def test_agent_0_is_slow_and_dear(ground: Ground, model: Model) -> None:
    model.after_s = 0.6
    watched = await ground.up(**hosted(model), SPARK_INFERENCE_DAILY_BUDGET_USD="1000")
    async with ground.http() as client:
        await ready(client, "openai")
        answers = await ask(client, 12)
        assert {answer["by"] for answer in answers} == {"agent_0"}
        firing = await watched.fires("agent0-slow", "spend")
    assert (firing["agent0-slow"], firing["spend"]) == ("page", "page")
    await ground.follow(LOOK, "agent0-slow", "spend")
    # Whoever makes the server quick again.
    model.after_s = 0.0
    await ground.follow(DO, "agent0-slow")
    async with ground.http() as client:
        await ready(client, "openai")
        await ask(client, 12)
        await ground.follow(VERIFY, "agent0-slow")
        await ground.watched().is_quiet("agent0-slow")
    await ground.follow(DO, "spend")
    async with ground.http() as client:
        await ready(client, "openai")
        spent = await ground.watched().fires("spend")
        assert spent["spend"] == "page", "what was spent today stays spent"
    asked = len(model.asked)
    await ground.follow(VERIFY, "spend")
    assert len(model.asked) == asked, "the server is asked no more"


@drills("budget-exhausted")
async def test_the_days_budget_is_used_up(ground: Ground, model: Model) -> None:
    await ground.up(**{**hosted(model), "SPARK_INFERENCE_PRICES": LESS_DEAR})
    async with ground.http() as client:
        await ready(client, "openai")
        answers = await ask(client, 20, at_once=1)
    assert answers[0]["by"] == "agent_0"
    assert "budget" in str(answers[-1])
    await ground.follow(LOOK, "budget-exhausted")
    await ground.follow(DO, "budget-exhausted")
    async with ground.http() as client:
        await ready(client, "openai")
    assert "Do it." in await ground.follow(VERIFY, "budget-exhausted")


@drills("gpu-idle")
async def test_a_local_model_falls_to_the_cpu(ground: Ground, model: Model) -> None:
    program = ground.folder / "bin" / "nvidia-smi"
    program.write_text(SAYS.format(share=4))
    program.chmod(0o755)
    watched = await ground.up(
        SPARK_INFERENCE_ENGINES="trtllm",
        SPARK_INFERENCE_TRTLLM_URL=model.url,
        SPARK_INFERENCE_TRTLLM_MODEL="scripted",
    )
    async with ground.http() as client:
        await ready(client, "trtllm")
        assert watched.look() == {}
        firing: list[dict[str, str | None]] = []
        for _ in range(14):
            await ask(client, 1)
            firing.append({**watched.look()})
    assert firing[-1] == {"gpu-idle": "page"}
    assert "4, 1024" in await ground.follow(LOOK, "gpu-idle")
    program.write_text(SAYS.format(share=85))
    await ground.follow(DO, "gpu-idle")
    async with ground.http() as client:
        await ready(client, "trtllm")
    await ground.follow(VERIFY, "gpu-idle")
    await ground.watched().is_quiet("gpu-idle")


@drills("engine-not-ready")
async def test_an_engines_server_is_not_there(ground: Ground, model: Model) -> None:
    with nobody_there() as address:
        watched = await ground.up(SPARK_INFERENCE_ENGINES="openai", SPARK_INFERENCE_OPENAI_URL=address)
        assert (await watched.fires("engine-not-ready"))["engine-not-ready"] == "ticket"
        assert "cannot be reached" in await ground.follow(LOOK, "engine-not-ready")
    # Whoever starts the server.
    ground.set(SPARK_INFERENCE_OPENAI_URL=model.url)
    await ground.follow(DO, "engine-not-ready")
    async with ground.http() as client:
        await ready(client, "openai")
    await ground.follow(VERIFY, "engine-not-ready")
    await ground.watched().is_quiet("engine-not-ready")


@contextmanager
def nobody_there() -> Generator[str]:
    """An address that is taken, and at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
