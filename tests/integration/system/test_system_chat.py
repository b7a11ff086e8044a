"""Conversations through the whole system: over HTTP, streamed, over gRPC, from the terminal, and after a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from bench.tiny_model import write_tiny_model
from chassis.identifiers import new_ulid
from spark.gateway.v1.hooks_pb2 import ChatRequest
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.inference.v1 import engines_pb2, inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from tests.integration.cli.command import Spark as Command
from tests.integration.system.conftest import StartSpark
from tests.integration.system.running_spark import Spark, environment_of

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


async def ask(client: httpx.AsyncClient, text: str, session: str = "s", **more: object) -> Any:
    reply = await client.post("/v1/chat", json={"session_id": session, "text": text, **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


async def entries(client: httpx.AsyncClient, session: str = "s") -> list[str]:
    """What the conversation holds, newest first."""
    reply = await client.get("/v1/chat", params={"session_id": session})
    assert reply.status_code == 200, reply.text
    return [entry["text"] for entry in reply.json()["entries"]]


async def test_what_was_said_is_known_after_a_restart(up: StartSpark) -> None:
    spark = up()
    async with spark.http() as client:
        said = await ask(client, "My bike is turquoise.")
        assert (said["by"], said["recalled"]) == ("deterministic", 0)
        assert "no language model" in said["text"]
    spark.stop()
    spark = up()
    connection = await asyncpg.connect(spark.run.database_url)
    rows = await connection.fetchval("select count(*) from memory.entry where text like '%turquoise%'")
    await connection.close()
    async with spark.http() as client:
        found = await ask(client, "What colour is my bike?")
        assert (rows, found["recalled"]) == (1, 1)
        assert "turquoise" in found["text"]
        assert (await ask(client, "What colour is my bike?", session="another"))["recalled"] == 0
        assert await entries(client) == ["What colour is my bike?", "My bike is turquoise."]


async def test_what_is_asked_again_is_kept_once(up: StartSpark) -> None:
    entry = new_ulid()
    async with up().http() as client:
        for _ in range(3):
            await ask(client, "Remember the milk.", entry_id=entry)
        assert await entries(client) == ["Remember the milk."]


async def test_a_secret_is_cleaned_at_the_door(up: StartSpark) -> None:
    spark = up()
    async with spark.http() as client, spark.grpc() as channel:
        await ask(client, f"My token is {SECRET}.")
        asked = inference_pb2.ChatRequest(session_id="s", text=f"Again: {SECRET}.", entry_id=new_ulid())
        gateway = HooksServiceStub(channel)
        events = [each async for each in gateway.Chat(ChatRequest(chat=asked), metadata=spark.metadata)]
        assert events[-1].event.HasField("answered")
        assert not any(SECRET in text for text in await entries(client))
        assert len(await entries(client)) == 2


async def test_bad_requests_are_explained(up: StartSpark) -> None:
    async with up().http() as client:
        for path in ("/v1/chat", "/v1/chat/stream"):
            for body in ({}, {"session_id": "s"}, {"session_id": "", "text": "x"}, {"session_id": "s", "text": " "}):
                reply = await client.post(path, json=body)
                assert (reply.status_code, reply.json()["error"]["reason"]) == (400, "INVALID_ARGUMENT")
            assert (await client.post(path, json={"session_id": "s", "text": "x", "entry_id": "no"})).status_code == 400
            assert (await client.post(path, content=b"{")).status_code in {400, 415}
            stranger = {"authorization": "Bearer no"}
            refused = await client.post(path, json={"session_id": "s", "text": "x"}, headers=stranger)
            assert refused.status_code == 401
        assert (await client.get("/v1/chat")).status_code == 400


def events_in(text: str) -> list[tuple[str, Any]]:
    """Server-sent events."""
    found: list[tuple[str, Any]] = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def streamed(client: httpx.AsyncClient, text: str) -> list[tuple[str, Any]]:
    reply = await client.post("/v1/chat/stream", json={"session_id": "s", "text": text})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream")
    return events_in(reply.text)


async def test_a_reply_is_streamed_in_pieces_that_make_up_the_whole(up: StartSpark) -> None:
    async with up().http() as client:
        *pieces, (last, whole) = await streamed(client, "Does it work?")
    assert {name for name, _ in pieces} == {"delta"}
    assert (last, "".join(piece["text"] for _, piece in pieces)) == ("answered", whole["text"])


async def test_a_real_engine_answers_and_is_remembered(up: StartSpark, tmp_path: Path) -> None:
    """Its weights are random: what it says means nothing, that it says it in the form that was asked for does."""
    pytest.importorskip("xllamacpp")
    model = tmp_path / "tiny.gguf"
    write_tiny_model(model)
    spark = up(
        environment={
            "SPARK_INFERENCE_ENGINES": "llama_cpp,template",
            "SPARK_INFERENCE_GGUF": str(model),
            "SPARK_CHAT_MAX_TOKENS": "400",
        }
    )
    async with httpx.AsyncClient(base_url=spark.run.http, headers=spark.bearer, timeout=60.0) as client:
        await ready(spark)
        said = await ask(client, "Is it so?")
        assert said["by"] in {"agent_0", "council"}
        assert said["without_engine"] == ""
        assert said["usage"]["output_tokens"] > 0
        *_, (last, whole) = await streamed(client, "And now?")
        assert (last, whole["without_engine"]) == ("answered", "")
        assert set(await entries(client)) >= {"Is it so?", "And now?", said["text"]}


async def ready(spark: Spark) -> None:
    """Returns once the first engine serves."""
    async with asyncio.timeout(60), spark.grpc() as channel:
        inference = InferenceServiceStub(channel)
        while True:
            told = await inference.GetHealth(inference_pb2.GetHealthRequest(), metadata=spark.metadata)
            if told.engines[0].state == engines_pb2.ENGINE_STATE_READY:
                return
            await asyncio.sleep(0.05)


def test_it_can_be_asked_from_the_terminal(up: StartSpark, tmp_path: Path) -> None:
    spark = up()
    command = Command(tmp_path, environment_of(spark.home))
    first = command("chat", "My", "bike", "is", "turquoise.")
    assert (first.code, "No model answered" in " ".join(first.out.split())) == (0, True)
    answered = command("chat", "What colour is my bike?", "--json").document
    assert (answered["recalled"], "turquoise" in answered["text"]) == (1, True)
    assert command("chat", "--json").code == 2
    assert command("forget", "--session", "terminal", "--yes").code == 0
    assert command("chat", "What colour is my bike?", "--json").document["recalled"] == 0
