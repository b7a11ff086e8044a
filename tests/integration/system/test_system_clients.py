"""What one client's sessions taught is told in another's, each in its own JSON, through the whole system."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from chassis.identifiers import new_ulid
from spark.memory.v1 import lesson_pb2, memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import Spark

pytestmark = pytest.mark.usefixtures("unharmed")


@pytest.fixture
async def client(system: Spark) -> AsyncGenerator[httpx.AsyncClient]:
    async with system.http() as client:
        yield client


class Codex:
    """One session of Codex, with the rollout that it writes before each hook of a result."""

    def __init__(self, client: httpx.AsyncClient, folder: str, home: Path) -> None:
        self.client, self.folder, self.session = client, folder, new_ulid()
        self.rollout = home / f"rollout-{self.session}.jsonl"
        self.count = 0

    def wrote(self, item: dict[str, Any]) -> None:
        line = {"type": "event_msg", "payload": {"type": "item_completed", "item": item}}
        with self.rollout.open("ab") as file:
            file.write(orjson.dumps(line) + b"\n")

    async def send(self, event: str, **fields: Any) -> httpx.Response:
        common = {"session_id": self.session, "cwd": self.folder, "transcript_path": str(self.rollout)}
        return await self.client.post("/v1/hooks/codex", json={"hook_event_name": event, **common, **fields})

    async def ran(self, command: str, code: int, printed: str) -> httpx.Response:
        self.count += 1
        call_id = f"call_{self.session}_{self.count}"
        self.wrote({"type": "CommandExecution", "id": call_id, "aggregated_output": printed, "exit_code": code})
        call = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": call_id}
        return await self.send("PostToolUse", **call, tool_response=printed)

    async def boom(self) -> None:
        """An MCP call that fails: no hook tells of it."""
        self.count += 1
        content = {"content": [{"type": "text", "text": "quota of the toy is used up"}], "isError": True}
        self.wrote(
            {"type": "McpToolCall", "id": f"call_{self.session}_{self.count}", "server": "toy", "tool": "boom"}
            | {"arguments": {"n": 1}, "status": "failed", "result": content}
        )


async def gemini_ran(client: httpx.AsyncClient, folder: str, command: str, code: int, printed: str) -> httpx.Response:
    content = f"<untrusted_context>\nOutput: {printed}\nExit Code: {code}\nProcess Group PGID: 7\n</untrusted_context>"
    call = {
        "tool_name": "run_shell_command",
        "tool_input": {"command": command},
        "tool_response": {"llmContent": content},
    }
    common = {"session_id": new_ulid(), "cwd": folder, "timestamp": "2026-11-20T15:35:43.726Z"}
    return await client.post("/v1/hooks/gemini", json={"hook_event_name": "AfterTool", **common, **call})


async def test_what_claude_code_learnt_is_told_in_codex_and_gemini(
    system: Spark, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    word = "clients"
    earlier = Agent(client, f"/srv/{word}")
    assert await system.settle(sequence_of(await earlier.learns(word)))
    printed = unknown_flag(word).partition("\n")[2]
    codex = Codex(client, f"/srv/{word}", tmp_path)
    assert working(word) in advice_in(await codex.ran(failing(word), 4, printed))
    assert working(word) in advice_in(await gemini_ran(client, f"/srv/{word}", failing(word), 4, printed))


async def test_what_codex_learnt_is_told_in_claude_code(
    system: Spark, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    word = "codextaught"
    codex = Codex(client, f"/srv/{word}", tmp_path)
    await codex.ran(failing(word), 4, unknown_flag(word).partition("\n")[2])
    assert await system.settle(sequence_of(await codex.ran(working(word), 0, "done")))
    agent = Agent(client, f"/srv/{word}")
    assert working(word) in advice_in(await agent.fails(failing(word), unknown_flag(word)))


async def test_a_failure_without_a_hook_is_learnt_once(
    system: Spark, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    for _ in range(2):
        codex = Codex(client, "/srv/silent", tmp_path)
        await codex.boom()
        call = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "x"}
        replies = [await codex.send("PreToolUse", **call) for _ in range(3)]
        assert await system.settle(sequence_of(replies[-1]))
    (lesson,) = await lessons_about(system, "mcp__toy__boom")
    assert lesson.provenance.occurrences == 2


async def lessons_about(system: Spark, tool: str) -> list[lesson_pb2.Lesson]:
    async with system.grpc() as channel:
        request = memory_pb2.ListLessonsRequest(page_size=500, include_retired=True)
        listed = await MemoryServiceStub(channel).ListLessons(request, metadata=system.metadata)
    return [lesson for lesson in listed.lessons if lesson.tool == tool]
