"""A user's word on answers, through the whole system: how it is given, and what it does to a model that is too sure."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from chassis.identifiers import new_ulid
from services.inference.calibration import AT_LEAST, OF_EACH
from spark.inference.v1 import inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from tests.integration.cli.command import Spark as Command
from tests.integration.speaking_model import Model, speaking
from tests.integration.system.conftest import StartSpark
from tests.integration.system.running_spark import Spark, environment_of
from tests.integration.system.test_system_chat import ask, ready

SURE = {"confidence": 0.9, "verdict": "turquoise", "risk": "", "answer": "It is turquoise."}


@pytest.fixture
def model() -> Generator[Model]:
    with speaking() as model:
        model.voice = {**SURE}
        yield model


@pytest.fixture
async def spark(up: StartSpark, model: Model) -> Spark:
    """A Spark that this model serves."""
    spark = up(environment={"SPARK_INFERENCE_ENGINES": "openai", "SPARK_INFERENCE_OPENAI_URL": model.url})
    await ready(spark)
    return spark


async def test_answers_are_rated_from_the_terminal(spark: Spark, tmp_path: Path) -> None:
    command = Command(tmp_path, environment_of(spark.home))
    talked = command("chat", typed="/right\nWhat colour is it?\n/right\n/wrong\nexit\n")
    assert talked.code == 0, talked.err
    lines = [line for line in talked.out.splitlines() if line]
    assert lines[0] == "There is no answer of a model to rate."
    assert lines[1:3] == ["It is turquoise.", "(agent-0, 90% sure; recalled 0)"]
    assert lines[3].startswith("Noted: right. 1 of 50")
    assert lines[4].startswith("Noted: wrong. 1 of 50")

    answer_id = command("chat", "And now?", "--json").document["answer_id"]
    told = command("feedback", answer_id, "wrong", "--json").document
    assert (told["outcomes"], told["calibrated"]) == (2, False)
    unknown = command("feedback", "last", "wrong")
    assert (unknown.code, "spark chat --json" in " ".join(unknown.err.split())) == (1, True)


async def test_a_model_that_is_sure_and_wrong_is_no_longer_believed(spark: Spark) -> None:
    async with spark.http() as client, spark.grpc() as channel:
        inference, rated = InferenceServiceStub(channel), inference_pb2.RateResponse()
        for number in range(AT_LEAST):
            said = await ask(client, f"What colour is number {number}?", session=f"s{number}")
            assert (said["by"], said["calibrated_by"]) == ("agent_0", 0)
            rating = inference_pb2.RateRequest(answer_id=said["answer_id"], right=number < OF_EACH)
            rated = await inference.Rate(rating, metadata=spark.metadata)
        assert (rated.outcomes, rated.calibrated) == (AT_LEAST, True)
        said = await ask(client, "And that one?", session="later")
    assert (said["by"], said["calibrated_by"]) == ("council", AT_LEAST)


async def test_answers_are_rated_over_http(spark: Spark) -> None:
    async with spark.http() as client:
        answer_id = (await ask(client, "What colour is it?"))["answer_id"]
        reply = await client.post("/v1/chat/rating", json={"answer_id": answer_id, "right": True})
        assert (reply.status_code, reply.json()) == (200, {"outcomes": 1, "calibrated": False})
        for body in (
            {},
            {"answer_id": answer_id},
            {"answer_id": answer_id, "right": 1},
            {"answer_id": 7, "right": True},
        ):
            refused = await client.post("/v1/chat/rating", json=body)
            assert (refused.status_code, refused.json()["error"]["reason"]) == (400, "INVALID_ARGUMENT")
        odd = await client.post("/v1/chat/rating", json={"answer_id": "no id", "right": True})
        assert odd.status_code == 400
        gone = await client.post("/v1/chat/rating", json={"answer_id": new_ulid(), "right": True})
        assert gone.status_code == 404
        stranger = {"authorization": "Bearer no"}
        reply = await client.post("/v1/chat/rating", json={"answer_id": answer_id, "right": True}, headers=stranger)
        assert reply.status_code == 401


async def test_what_no_model_said_has_no_id_to_rate_it_by(up: StartSpark) -> None:
    async with up().http() as client:
        assert (await ask(client, "What colour is it?"))["answer_id"] == ""
