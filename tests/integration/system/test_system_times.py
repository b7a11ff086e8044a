"""Hooks that say when and where they happened, in ways that cannot be."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc.aio import AioRpcError

from chassis.faults import reason_of
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from tests.integration.system.coding_agent import Agent, sequence_of
from tests.integration.system.running_spark import HOOK_PATH, Spark


@pytest.fixture(scope="module")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    """A Spark that believes Spark-Time."""
    spark = Spark.up(tmp_path_factory.mktemp("times") / "home", "--clock", "header")
    yield spark
    assert spark.stop() == 0
    assert "Traceback" not in spark.said


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-02T09:00:00"])
async def test_an_impossible_time_is_refused(stamp: str, replaying: Spark) -> None:
    async with replaying.http() as client:
        body = Agent(client, "/srv/then").payload("UserPromptSubmit", prompt="go on")
        refused = await client.post(HOOK_PATH, json=body, headers={"spark-time": stamp})
        assert (refused.status_code, refused.json()["error"]["reason"]) == (400, "INVALID_TIME")
        taken = await client.post(HOOK_PATH, json=body, headers={"spark-time": "2026-03-02T09:00:00+02:00"})
        assert sequence_of(taken) > 0


async def test_an_import_leaves_out_what_cannot_be_and_takes_the_rest(replaying: Spark) -> None:
    def recorded(number: int, seconds: int, cwd: str = "/srv/then") -> hooks_pb2.RecordedHook:
        payload = {"hook_event_name": "UserPromptSubmit", "session_id": "old", "cwd": cwd, "prompt": f"part {number}"}
        return hooks_pb2.RecordedHook(payload=json.dumps(payload).encode(), occurred_at=Timestamp(seconds=seconds))

    hooks = [recorded(0, 1_770_000_000), recorded(1, -(2**40)), recorded(2, 2**60), recorded(3, 0, "some/where")]
    request = hooks_pb2.ImportHooksRequest(client="claude-code", hooks=[*hooks, recorded(4, 1_770_000_060)])
    async with replaying.grpc() as channel:
        answer = await HooksServiceStub(channel).ImportHooks(request, metadata=replaying.metadata)
    assert (answer.published, answer.rejected) == (2, 3)


async def test_a_hook_from_a_relative_folder_is_counted_and_nothing_else(replaying: Spark, tmp_path: Path) -> None:
    async with replaying.http() as client:
        reply = await Agent(client, "some/where").prompts("go on")
        assert (reply.status_code, reply.json(), sequence_of(reply)) == (200, {}, 0)
        counted = (await client.get("/metrics")).text
    end = "unusable: the folder is no absolute path"
    line = f'spark_hooks_total{{client="claude-code",end="{end}",event="UserPromptSubmit"}}'
    assert f"{line} 1.0" in counted
    async with replaying.grpc() as channel:
        asked = hooks_pb2.ResolveProjectRequest(folder="some/where")
        with pytest.raises(AioRpcError) as caught:
            await HooksServiceStub(channel).ResolveProject(asked, metadata=replaying.metadata)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) == "REASON_INVALID_ARGUMENT"
