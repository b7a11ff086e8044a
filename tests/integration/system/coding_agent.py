"""What a coding agent's hooks carry, as Claude Code sends them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from chassis.identifiers import new_ulid
from tests.integration.system.running_spark import HOOK_PATH

Payload = dict[str, Any]


@dataclass
class Agent:
    """One session of an agent in a folder."""

    client: httpx.AsyncClient
    folder: str
    session: str = field(default_factory=new_ulid)
    numbers: count[int] = field(default_factory=count)

    def payload(self, event: str, **fields: Any) -> Payload:
        """A hook with the fields that all have."""
        return {"hook_event_name": event, "session_id": self.session, "cwd": self.folder, **fields}

    def call(self, event: str, command: str, **fields: Any) -> Payload:
        """A hook about a shell command, as a call of its own unless `tool_use_id` says which."""
        named = {"tool_use_id": f"toolu_{self.session}_{next(self.numbers)}", **fields}
        return self.payload(event, tool_name="Bash", tool_input={"command": command}, **named)

    async def send(self, payload: Payload) -> httpx.Response:
        """The gateway's reply to a hook."""
        return await self.client.post(HOOK_PATH, json=payload)

    async def prompts(self, text: str) -> httpx.Response:
        return await self.send(self.payload("UserPromptSubmit", prompt=text, prompt_id=new_ulid()))

    async def fails(self, command: str, error: str, **fields: Any) -> httpx.Response:
        return await self.send(
            self.call("PostToolUseFailure", command, error=error, is_interrupt=False, duration_ms=40, **fields)
        )

    async def works(self, command: str) -> httpx.Response:
        return await self.send(self.call("PostToolUse", command, tool_response={"stdout": "done"}, duration_ms=40))

    async def learns(self, word: str) -> httpx.Response:
        """Meets a failure that the word makes its own, and its fix; the reply is the one to the success."""
        await self.fails(failing(word), unknown_flag(word))
        return await self.works(working(word))


def sessions_of(agents: Iterable[Agent]) -> list[str]:
    return [agent.session for agent in agents]


def failing(word: str) -> str:
    return f"pytest --{word}-fast tests/{word}"


def working(word: str) -> str:
    return f"pytest --{word} tests/{word}"


def unknown_flag(word: str) -> str:
    return f"Exit code 4\nERROR: usage: pytest [options]\npytest: error: unrecognized arguments: --{word}-fast"


def advice_in(reply: httpx.Response) -> str:
    """The text that the agent would be told; empty for silence."""
    assert reply.status_code == 200, reply.text
    told = reply.json().get("hookSpecificOutput", {})
    return told.get("additionalContext", "")


def sequence_of(reply: httpx.Response) -> int:
    """Place of the event in the stream, 0 when the gateway could not have it acknowledged."""
    return int(reply.headers["spark-sequence"])
