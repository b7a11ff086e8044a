"""Hooks whose fields are of any type and shape: each is answered by a JSON object, and the system stays whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from itertools import product
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.identifiers import new_ulid
from gateway.hooks import KNOWN_EVENTS
from tests.integration.metric_text import happened
from tests.integration.system.coding_agent import Agent, Payload, failing, unknown_flag
from tests.integration.system.running_spark import HOOK_PATH, Spark

pytestmark = pytest.mark.usefixtures("unharmed")

EVENTS = (*sorted(KNOWN_EVENTS), "UnknownEvent")
FIELDS = (
    *("hook_event_name", "session_id", "agent_id", "cwd", "prompt", "prompt_id", "tool_name", "tool_use_id"),
    *(
        "tool_input",
        "tool_response",
        "error",
        "is_interrupt",
        "duration_ms",
        "source",
        "tool_calls",
        "spark",
        "unknown",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 2**64, 1e308, "", "\0\u2028\u202e" * 9, "🙂é" * 9000),
    *([], {}, [[], {}, None, 7, "text"], {"": {"\n": [True]}, "root": 7, "remote": [], "command": {}, "file_path": 1}),
)
CALLS = [
    {"tool_name": "Bash", "tool_input": {"command": "make"}, "tool_use_id": "toolu_1", "tool_response": response}
    for response in ("<tool_use_error>no such tool</tool_use_error>", "This command requires approval", 7)
]


def whole(agent: Agent, event: str) -> Payload:
    """A hook with every field that any event has."""
    given = {"tool_use_id": new_ulid(), "error": unknown_flag("shape"), "duration_ms": 5, "tool_calls": CALLS}
    given |= {"prompt": "run the tests", "prompt_id": new_ulid(), "source": "startup", "agent_id": "a1"}
    given |= {"spark": {"root": agent.folder, "remote": "git@example.com:a/b.git"}}
    return agent.call(event, failing("shape"), **given)


@pytest.mark.parametrize("event", EVENTS)
async def test_every_field_may_be_of_any_type(system: Spark, event: str) -> None:
    async with system.http(limits=httpx.Limits(max_connections=16)) as client:
        agent = Agent(client, "/srv/shapes")

        async def send(field: str, value: Any) -> None:
            reply = await agent.send({**whole(agent, event), field: value})
            assert reply.status_code == 200, (field, value, reply.text)
            assert isinstance(reply.json(), dict), (field, value, reply.text)

        await asyncio.gather(*(send(field, value) for field, value in product(FIELDS, VALUES)))


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
commands = st.text("pytest -'\"`$(){}[]<>|&;\\\n\t=/.~*?#!\0é🙂", max_size=60)
inputs = st.dictionaries(st.sampled_from(["command", "file_path", "old_string", "url", "x"]), commands | values)
payloads = st.fixed_dictionaries(
    {
        "hook_event_name": st.sampled_from(EVENTS),
        "session_id": st.text(min_size=1),
        "cwd": st.text().map("/srv/{}".format),
    },
    optional={
        **dict.fromkeys(("tool_name", "tool_use_id", "prompt", "error", "source", "agent_id"), st.text() | values),
        "tool_name": st.sampled_from(["Bash", "Read", "Edit", "Write", "Grep", "mcp__a__b"]) | st.text(),
        "tool_input": inputs | values,
        "error": commands | values,
        "tool_calls": st.lists(st.sampled_from(CALLS) | st.dictionaries(st.text(), values, max_size=3), max_size=3),
        "spark": st.fixed_dictionaries({}, optional={"root": st.text() | values, "remote": st.text() | values}),
        "unknown": values,
    },
)


@pytest.fixture(scope="module")
def sender(system: Spark) -> Generator[httpx.Client]:
    with httpx.Client(base_url=system.run.http, headers=system.bearer) as client:
        client.headers["content-type"] = "application/json"
        yield client


@settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(payload=payloads)
def test_whatever_json_a_hook_is_its_answer_is_an_object(sender: httpx.Client, payload: Payload) -> None:
    reply = sender.post(HOOK_PATH, content=json.dumps(payload))
    assert reply.status_code == 200, reply.text
    assert isinstance(reply.json(), dict)


def test_none_of_them_was_more_than_could_be_dealt_with(sender: httpx.Client) -> None:
    metrics = sender.get("/metrics").text
    assert "spark_hooks_total{" in metrics
    assert not happened(metrics, 'end="failed"')
