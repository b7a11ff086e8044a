"""Listening elsewhere than on 127.0.0.1: names of the caller's own are taken, and nobody without a token."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from tests.integration.system.coding_agent import Agent, sequence_of
from tests.integration.system.conftest import StartSpark
from tests.integration.system.running_spark import HOOK_PATH, Spark


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


async def works(spark: Spark) -> None:
    """A hook over HTTP and a call over gRPC."""
    async with spark.http() as client:
        assert sequence_of(await Agent(client, "/srv/there").prompts("go on")) > 0
    async with spark.grpc() as channel:
        request = hooks_pb2.ResolveProjectRequest(folder="/srv/there")
        assert (await HooksServiceStub(channel).ResolveProject(request, metadata=spark.metadata)).root == "/srv/there"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback: NOT TESTED")
async def test_it_listens_on_ipv6(up: StartSpark) -> None:
    spark = up("--host", "::1")
    assert spark.run.http.startswith("http://[::1]:")
    assert spark.run.grpc.startswith("grpc://[::1]:")
    await works(spark)


async def test_beyond_loopback_any_name_will_do_and_the_token_is_needed(up: StartSpark) -> None:
    spark = up("--host", "0.0.0.0")
    await works(spark)
    port = urlsplit(spark.run.http).port
    body = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "cwd": "/srv/there", "prompt": "go on"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10.0) as client:
        named = {"host": f"build-box.example:{port}"}
        taken = await client.post(HOOK_PATH, json=body, headers={**named, **spark.bearer})
        assert taken.status_code == 200
        refused = await client.post(HOOK_PATH, json=body, headers=named)
        assert (refused.status_code, refused.json()["error"]["reason"]) == (401, "UNAUTHENTICATED")
        foreign = {**named, **spark.bearer, "origin": f"http://build-box.example:{port}"}
        refused = await client.post(HOOK_PATH, json=body, headers=foreign)
        assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "FOREIGN_ORIGIN")
