"""Who may come in over HTTP, and what happens to those who come in strangely."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from tests.integration.system.coding_agent import sequence_of
from tests.integration.system.raw_http import BODY, Answer, connected, request
from tests.integration.system.running_spark import HOOK_PATH, Spark
from tests.integration.system.witness import DEADLINE_SECONDS, MARGIN_SECONDS

pytestmark = pytest.mark.usefixtures("unharmed")

HOOK = json.loads(BODY)


def reason_of(answer: httpx.Response | Answer) -> str:
    body = answer.json() if isinstance(answer, httpx.Response) else json.loads(answer.body)
    assert isinstance(body["error"]["message"], str)
    return body["error"]["reason"]


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic {token}", "{token}", "bearer {token}"]
)
async def test_over_tcp_only_the_token_opens(system: Spark, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization.format(token=system.token)}
    async with httpx.AsyncClient(base_url=system.run.http) as client:
        reply = await client.post(HOOK_PATH, json=HOOK, headers=headers)
        assert (reply.status_code, reason_of(reply)) == (401, "UNAUTHENTICATED")
        assert system.token not in reply.text
        reply = await client.post(HOOK_PATH, json=HOOK, headers={"authorization": f"Bearer {system.token}"})
        assert sequence_of(reply) > 0


async def test_the_socket_asks_for_no_token_but_takes_no_wrong_one(system: Spark) -> None:
    async with system.unix() as client:
        assert sequence_of(await client.post(HOOK_PATH, json=HOOK)) > 0
        reply = await client.post(HOOK_PATH, json=HOOK, headers={"authorization": "Bearer wrong"})
        assert (reply.status_code, reason_of(reply)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("origin", ["https://example.com", "http://127.0.0.1", "null", ""])
async def test_a_web_page_is_refused_everywhere(client: httpx.AsyncClient, origin: str) -> None:
    for method, path in (("POST", HOOK_PATH), ("GET", "/ready"), ("GET", "/metrics"), ("OPTIONS", HOOK_PATH)):
        reply = await client.request(method, path, headers={"origin": origin})
        assert (reply.status_code, reason_of(reply)) == (403, "FOREIGN_ORIGIN")
        assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com", "localhost.", "10.0.0.1", "", None])
async def test_a_foreign_host_is_refused(system: Spark, host: str | None) -> None:
    async with connected(system) as connection:
        await connection.send(request(system, host=host))
        answer = await connection.answer()
    assert (answer.status, reason_of(answer)) == (403, "FOREIGN_HOST")


async def test_of_two_hosts_none_counts(system: Spark) -> None:
    async with connected(system) as connection:
        await connection.send(request(system, host="example.com\r\nhost: localhost"))
        assert (await connection.answer()).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:7761", "LOCALHOST", "[::1]:7761"])
async def test_the_loopback_goes_by_many_names(system: Spark, host: str) -> None:
    async with connected(system) as connection:
        await connection.send(request(system, host=host))
        assert (await connection.answer()).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_refused(client: httpx.AsyncClient, method: str) -> None:
    reply = await client.request(method, HOOK_PATH)
    assert (reply.status_code, reason_of(reply), reply.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/hooks", "/v1/hooks/", "/v1/hooks/claude-code/x", "/v2/hooks/claude-code"]
)
async def test_an_unknown_path_is_refused(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.post(path, json=HOOK)
    assert (reply.status_code, reason_of(reply)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("name", ["no-such-client", "Claude-Code", "claude-code%00", "%F0%9F%99%82", "x" * 5000])
async def test_an_unknown_client_is_refused_and_told_which_are_known(client: httpx.AsyncClient, name: str) -> None:
    reply = await client.post(f"/v1/hooks/{name}", json=HOOK)
    assert (reply.status_code, reason_of(reply)) == (404, "UNKNOWN_CLIENT")
    assert "known: claude-code" in reply.json()["error"]["message"]
    assert len(reply.content) < 500


@pytest.mark.parametrize("size", [10_000, 1_000_000])
async def test_huge_headers_harm_nothing(system: Spark, size: int) -> None:
    async with connected(system) as connection:
        await connection.send(
            request(system, x_padding="a" * size, spark_project="/" + "p" * size, traceparent="t" * size)
        )
        answer = await connection.answer()
    assert answer.status == 200
    assert json.loads(answer.body) == {}


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET\r\n\r\n",
        b"\r\n" * 1000 + b"\0" * 1000,
        b"POST " + HOOK_PATH.encode() + b" HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n",
        b"POST " + HOOK_PATH.encode() + b" HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_not_http_ends_the_connection(system: Spark, sent: bytes) -> None:
    async with connected(system) as connection:
        await connection.send(sent)
        said = await connection.ends()
    assert said.startswith(b"HTTP/1.1 400 ")


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error_of_ours(system: Spark) -> None:
    whole = request(system)
    for part in (len(whole) - 5, len(whole) - len(BODY), 30):
        async with connected(system) as connection:
            await connection.send(whole[:part])
            connection.writer.write_eof()
            assert await connection.ends() == b""
    async with connected(system) as connection:
        # Gone before the answer.
        await connection.send(whole)


async def test_requests_sent_at_once_on_one_connection_are_answered_in_turn(system: Spark) -> None:
    bad = request(system, b"[]")
    async with connected(system) as connection:
        await connection.send((request(system) + bad) * 20)
        answers = [await connection.answer() for _ in range(40)]
    assert [answer.status for answer in answers] == [200, 400] * 20


async def test_slow_clients_hold_nobody_up_and_are_told_in_the_end(system: Spark) -> None:
    whole = request(system)
    all_wait, go_on = asyncio.Barrier(101), asyncio.Event()

    async def dawdle(part: int) -> int:
        async with connected(system) as connection:
            await connection.send(whole[:part])
            await all_wait.wait()
            if part < len(whole) - len(BODY):
                await go_on.wait()
                await connection.send(whole[part:])
            return (await connection.answer()).status

    async with asyncio.TaskGroup() as group, system.http() as client:
        in_head = [group.create_task(dawdle(40)) for _ in range(50)]
        in_body = [group.create_task(dawdle(len(whole) - 5)) for _ in range(50)]
        await all_wait.wait()
        for _ in range(20):
            began = time.monotonic()
            assert (await client.post(HOOK_PATH, json=HOOK)).status_code == 200
            assert time.monotonic() - began < DEADLINE_SECONDS + MARGIN_SECONDS
        go_on.set()
    assert {task.result() for task in in_head} == {200}
    assert {task.result() for task in in_body} == {408}
