"""Cursor and Copilot CLI also run the hooks in Claude Code's settings: a call seen twice is one call, answered once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest

from chassis.identifiers import new_ulid
from tests.integration.engines.waiting import eventually
from tests.integration.system.coding_agent import Agent, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import Spark

pytestmark = pytest.mark.usefixtures("unharmed")

Payload = dict[str, Any]
ROUNDS = 6


@pytest.fixture
async def client(system: Spark) -> AsyncGenerator[httpx.AsyncClient]:
    async with system.http() as client:
        yield client


@dataclass
class Cursor:
    """One session of Cursor, its failures as its own hooks and those of Claude Code's settings tell them."""

    name = "cursor"
    folder: str
    session: str = field(default_factory=new_ulid)
    calls: int = 0

    def failure(self, command: str, printed: str) -> tuple[Payload, Payload]:
        self.calls += 1
        told = {
            "conversation_id": self.session,
            "generation_id": "g1",
            "cursor_version": "2.6.18",
            "workspace_roots": [self.folder],
            "transcript_path": None,
            "tool_name": "Shell",
            "tool_input": {"command": command},
            "tool_use_id": f"tool_{self.session}_{self.calls}",
            "error_message": f"Exit code 4\n{printed}",
            "failure_type": "error",
        }
        return {**told, "hook_event_name": "postToolUseFailure"}, {**told, "hook_event_name": "PostToolUseFailure"}


@dataclass
class Copilot:
    """The same of Copilot CLI, which gives calls no ids, in the two forms that its payloads have."""

    name = "copilot"
    folder: str
    session: str = field(default_factory=new_ulid)
    calls: int = 0

    def failure(self, command: str, printed: str) -> tuple[Payload, Payload]:
        self.calls += 1
        error = f"{printed}\n<exited with exit code 4>"
        own = {
            "sessionId": self.session,
            "timestamp": 1795880140250 + 3000 * self.calls,
            "cwd": self.folder,
            "toolName": "bash",
            "toolArgs": orjson.dumps({"command": command}).decode(),
            "error": error,
        }
        as_claude = {
            "hook_event_name": "PostToolUseFailure",
            "session_id": self.session,
            "timestamp": f"2026-11-28T15:35:{40 + 3 * self.calls}.250Z",
            "cwd": self.folder,
            "tool_name": "Bash",
            "tool_input": {"command": command},
            "error": error,
        }
        return own, as_claude


SENDERS = [Cursor, Copilot]


def told(reply: httpx.Response) -> str:
    """All that a client could read as advice in a reply; an empty object for none."""
    assert reply.status_code == 200, reply.text
    return "" if reply.content == b"{}" else reply.text


def printed(word: str) -> str:
    return unknown_flag(word).partition("\n")[2]


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("order", ["own first", "claude first"])
async def test_of_two_arrivals_the_first_is_answered(
    system: Spark, client: httpx.AsyncClient, sender: type[Cursor | Copilot], order: str
) -> None:
    word = f"{sender.name}{order[:3]}"
    assert await system.settle(sequence_of(await Agent(client, f"/srv/{word}").learns(word)))
    own, as_claude = sender(f"/srv/{word}").failure(failing(word), printed(word))
    arrivals = [(sender.name, own), ("claude-code", as_claude)]
    replies = [
        await client.post(f"/v1/hooks/{name}", json=payload)
        for name, payload in (arrivals if order == "own first" else arrivals[::-1])
    ]
    assert working(word) in told(replies[0])
    assert told(replies[1]) == ""
    assert sequence_of(replies[0]) == sequence_of(replies[1]), "the bus had it already"


@pytest.mark.parametrize("sender", SENDERS)
async def test_of_two_arrivals_at_once_one_is_answered_and_one_is_learnt(
    system: Spark, client: httpx.AsyncClient, sender: type[Cursor | Copilot]
) -> None:
    word = f"{sender.name}atonce"
    assert await system.settle(sequence_of(await Agent(client, f"/srv/{word}").learns(word)))
    met = await system.occurrences(failing(word))
    sequence = 0
    for _ in range(ROUNDS):
        own, as_claude = sender(f"/srv/{word}").failure(failing(word), printed(word))
        replies = await asyncio.gather(
            client.post(f"/v1/hooks/{sender.name}", json=own), client.post("/v1/hooks/claude-code", json=as_claude)
        )
        answers = sorted(map(told, replies))
        assert answers[0] == ""
        assert working(word) in answers[1]
        sequence = max(sequence, *map(sequence_of, replies))
        # Of a session that ends well after the failure, the failure is one more occurrence.
        agent_session = (own.get("conversation_id") or own["sessionId"], own)
        sequence = max(sequence, sequence_of(await mended(client, sender.name, *agent_session, word)))
    assert await system.settle(sequence)
    assert await system.occurrences(failing(word)) == met + ROUNDS


async def mended(client: httpx.AsyncClient, name: str, session: str, own: Payload, word: str) -> httpx.Response:
    """The call that works after the failure, as the client's own hook tells of it."""
    command = {"command": working(word)}
    if name == "cursor":
        call = {**own, "hook_event_name": "postToolUse", "tool_input": command, "tool_use_id": f"{session}-mended"}
        call |= {"tool_output": orjson.dumps({"exitCode": 0, "stdout": "done"}).decode()}
    else:
        call = {**own, "toolArgs": command, "toolResult": {"resultType": "success", "textResultForLlm": "done"}}
        del call["error"]
    return await client.post(f"/v1/hooks/{name}", json=call)


@pytest.mark.parametrize("sender", SENDERS)
async def test_a_later_call_of_the_session_is_answered_on_its_own(
    system: Spark, client: httpx.AsyncClient, sender: type[Cursor | Copilot]
) -> None:
    first, second = f"{sender.name}one", f"{sender.name}two"
    for word in (first, second):
        assert await system.settle(sequence_of(await Agent(client, f"/srv/{sender.name}").learns(word)))
    session = sender(f"/srv/{sender.name}")
    for word in (first, second):
        own, as_claude = session.failure(failing(word), printed(word))
        replies = [
            await client.post(f"/v1/hooks/{sender.name}", json=own),
            await client.post("/v1/hooks/claude-code", json=as_claude),
        ]
        assert working(word) in told(replies[0])
        assert told(replies[1]) == ""


async def test_only_the_arrival_that_is_answered_is_a_decision(system: Spark, client: httpx.AsyncClient) -> None:
    word = "cursordecides"
    assert await system.settle(sequence_of(await Agent(client, f"/srv/{word}").learns(word)))
    cursor = Cursor(f"/srv/{word}")
    for command in (failing(word), "ls --nothing-known", failing(word)):
        own, as_claude = cursor.failure(command, printed(word))
        for name, payload in (("cursor", own), ("claude-code", as_claude)):
            await client.post(f"/v1/hooks/{name}", json=payload)
    query = "select silence from telemetry.decision where session_id = $1 order by occurred_at"

    async def all_told() -> bool:
        # The last is published behind all others.
        return len(await system.rows(query, cursor.session)) >= 3

    await eventually(all_told)
    assert len(await system.rows(query, cursor.session)) == 3
