"""Bodies that no agent should send, on both ways in: a clear error, or `{}` with a reason that is counted."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from tests.integration.system.coding_agent import Agent, sequence_of
from tests.integration.system.running_spark import HOOK_PATH, Spark

pytestmark = pytest.mark.usefixtures("unharmed")

MIB = 1024 * 1024
HOOK = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "cwd": "/srv/app", "prompt": "run the tests"}
JSON = {"content-type": "application/json"}


def nested(levels: int, opening: str, closing: str) -> bytes:
    return (opening * levels + closing * levels).encode()


def error_in(reply: httpx.Response) -> str:
    """The reason of an error, in the one form that all errors have."""
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"reason", "message"}
    assert body["error"]["message"]
    return body["error"]["reason"]


def counted(metrics: str, end: str) -> float:
    """How many hooks ended so."""
    lines = [line for line in metrics.splitlines() if line.startswith("spark_hooks_total{") and f'end="{end}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"{'hook_event_name': 'Stop'}", id="python"),
        pytest.param(b'{"a": NaN}', id="not a number"),
        pytest.param(b'{"a": 1} {"b": 2}', id="two documents"),
        pytest.param(b"[]", id="array"),
        pytest.param(b'"text"', id="string"),
        pytest.param(b"7", id="number"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"prompt": "\xff\xfe"}', id="not UTF-8"),
        pytest.param(json.dumps(HOOK).encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"prompt": "a\x00b"}', id="NUL byte"),
        pytest.param(b"\x00" * 1000, id="NUL bytes only"),
        pytest.param(rb'{"prompt": "\ud800"}', id="lone surrogate"),
        pytest.param(rb'{"\udfff": 1}', id="lone surrogate in a key"),
        pytest.param(nested(100_000, "[", "]"), id="deep arrays"),
        pytest.param(nested(100_000, '{"a":', "}"), id="deep objects"),
    ],
)
async def test_what_is_no_json_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    reply = await client.post(HOOK_PATH, content=body, headers=JSON)
    assert (reply.status_code, error_in(reply)) == (400, "INVALID_JSON")


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
@pytest.mark.parametrize("size", [10 * MIB, 70 * MIB], ids=["10 MiB", "70 MiB"])
async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient, chunked: bool, size: int) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        yield b'{"prompt": "'
        for _ in range(size // MIB):
            yield b"x" * MIB
        yield b'"}'

    whole = b"".join([piece async for piece in pieces()])
    try:
        reply = await client.post(HOOK_PATH, content=pieces() if chunked else whole, headers=JSON)
    except httpx.TransportError:
        # Of what is far too large not even the end is waited for; a client may see that as a broken connection.
        assert size > 64 * MIB
        return
    assert (reply.status_code, error_in(reply)) == (413, "TOO_LARGE")


async def test_a_body_just_below_the_limit_is_a_hook(client: httpx.AsyncClient) -> None:
    reply = await Agent(client, "/srv/app").prompts("run " + "the tests " * (7 * MIB // 10))
    assert sequence_of(reply) > 0


@pytest.mark.parametrize("levels", [62, 63, 64, 65, 1000])
async def test_a_hook_may_be_nested_as_deep_as_json_is_read(client: httpx.AsyncClient, levels: int) -> None:
    agent = Agent(client, "/srv/app")
    whole = json.dumps(agent.payload("PreToolUse", tool_name="mcp__x__y", tool_input={"value": "DEEP"})).encode()
    body = whole.replace(b'"DEEP"', nested(levels, '{"a":', "}").replace(b'"a":}', b'"a":1}'))
    reply = await client.post(HOOK_PATH, content=body, headers=JSON)
    assert (reply.status_code, reply.json()) == (200, {})
    assert sequence_of(reply) > 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
async def test_another_content_type_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    reply = await client.post(HOOK_PATH, content=json.dumps(HOOK), headers={"content-type": kind})
    assert (reply.status_code, error_in(reply)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_content_type_may_name_its_charset(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    reply = await client.post(HOOK_PATH, content=json.dumps(HOOK), headers=headers)
    assert (reply.status_code, reply.json()) == (200, {})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cwd": None}, "cwd is missing"),
        ({"cwd": ""}, "cwd is missing"),
        ({"cwd": "\0"}, "cwd is missing"),
        ({"cwd": 7}, "cwd is not text"),
        ({"session_id": None}, "session_id is missing"),
        ({"session_id": ["s"]}, "session_id is not text"),
        ({"hook_event_name": None}, "hook_event_name is missing"),
        ({"hook_event_name": {}}, "hook_event_name is not text"),
        ({"prompt": 7}, "prompt is not text"),
        ({"hook_event_name": "PreToolUse"}, "tool_name is missing"),
        ({"hook_event_name": "PreToolUse", "tool_name": 7}, "tool_name is not text"),
    ],
)
async def test_a_hook_of_which_nothing_can_be_made_is_answered_and_its_reason_counted(
    client: httpx.AsyncClient, change: dict[str, Any], reason: str
) -> None:
    payload = {name: value for name, value in {**HOOK, **change}.items() if value is not None}
    before = counted((await client.get("/metrics")).text, f"unusable: {reason}")
    reply = await client.post(HOOK_PATH, json=payload)
    assert (reply.status_code, reply.json(), sequence_of(reply)) == (200, {}, 0)
    assert counted((await client.get("/metrics")).text, f"unusable: {reason}") == before + 1


async def test_an_unknown_event_is_answered_and_never_becomes_a_metric(client: httpx.AsyncClient) -> None:
    reply = await client.post(HOOK_PATH, json={**HOOK, "hook_event_name": "BrandNewEvent"})
    assert (reply.status_code, reply.json(), sequence_of(reply)) == (200, {}, 0)
    metrics = (await client.get("/metrics")).text
    assert counted(metrics, "nothing_to_see") > 0
    assert "BrandNewEvent" not in metrics


async def test_nul_in_a_call_is_dropped_and_the_call_is_learnt(system: Spark, client: httpx.AsyncClient) -> None:
    agent = Agent(client, "/srv/app")
    reply = await agent.fails(
        "pytest --n\0ul tests\\u0000x", "Exit code 4\npytest: error: unrecognized arguments: --nul\0"
    )
    await system.settle(sequence_of(reply))
    rows = await system.rows("select 1 from memory.learnt where session_id = $1", agent.session)
    assert len(rows) == 1
    assert await system.occurrences("pytest --nul tests\\u0000x") > 0


async def test_a_folder_too_long_to_be_kept_is_a_project_all_the_same(client: httpx.AsyncClient) -> None:
    folder = "/" + "/".join(f"{number:x}" for number in range(900, 1900))[:4000]
    assert sequence_of(await Agent(client, folder).prompts("go on")) > 0
