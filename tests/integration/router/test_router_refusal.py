"""A soft refusal: a call that never worked is stopped once, with the reason, and passes the next time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host.connection import connected
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

FAILS, LIKE = "tool go --old x", "tool go --old y"
ERROR = "Exit code 2\nerror: unknown option: --old"


class Session:
    """A session of an agent that makes shell calls."""

    def __init__(self, gateway: HooksServiceAsyncStub, name: str) -> None:
        self._gateway = gateway
        self._name = name
        self._calls = 0

    async def hook(self, event: str, command: str, **fields: object) -> hooks_pb2.HandleHookResponse:
        """The answer to a hook about the session's current call, once all of it is learnt."""
        call = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": f"{self._name}-{self._calls}"}
        named = {"session_id": self._name, "cwd": "/srv/project", "hook_event_name": event}
        payload = json.dumps({**named, **call, **fields}).encode()
        answer = await self._gateway.HandleHook(hooks_pb2.HandleHookRequest(client="claude-code", payload=payload))
        await self._gateway.Settle(hooks_pb2.SettleRequest(sequence=answer.sequence))
        return answer

    async def proposes(self, command: str) -> hooks_pb2.HandleHookResponse:
        """The answer before a call."""
        self._calls += 1
        return await self.hook("PreToolUse", command)

    async def fails(self, command: str) -> None:
        """A call that comes back with the error."""
        self._calls += 1
        await self.hook("PostToolUseFailure", command, error=ERROR)

    async def works(self, command: str) -> None:
        """A call that comes back well."""
        self._calls += 1
        await self.hook("PostToolUse", command, tool_response={"stdout": "done"})


def told(answer: hooks_pb2.HandleHookResponse) -> dict[str, Any]:
    return json.loads(answer.reply).get("hookSpecificOutput", {})


async def failed_three_times(gateway: HooksServiceAsyncStub) -> None:
    earlier = Session(gateway, "earlier")
    for _ in range(3):
        await earlier.fails(FAILS)


async def test_a_call_that_never_worked_is_stopped_once_and_then_let_pass(tmp_path: Path) -> None:
    async with connected(tmp_path, {"SPARK_ADVISORY_REFUSE": "1"}) as connection:
        gateway = HooksServiceStub(connection.channels.to("gateway"))
        await failed_three_times(gateway)
        session = Session(gateway, "later")
        stopped = await session.proposes(FAILS)
        answer = told(stopped)
        assert (answer["hookEventName"], answer["permissionDecision"]) == ("PreToolUse", "deny")
        assert FAILS in answer["permissionDecisionReason"]
        assert "additionalContext" not in answer
        assert stopped.decision.refuse
        assert stopped.decision.said[0].authority == router_pb2.AUTHORITY_BLOCK
        again = await session.proposes(FAILS)
        assert "permissionDecision" not in told(again)
        assert not again.decision.refuse
        assert told(await Session(gateway, "another").proposes(FAILS))["permissionDecision"] == "deny"


async def test_what_works_by_now_or_is_only_alike_is_not_stopped(tmp_path: Path) -> None:
    async with connected(tmp_path, {"SPARK_ADVISORY_REFUSE": "1"}) as connection:
        gateway = HooksServiceStub(connection.channels.to("gateway"))
        await failed_three_times(gateway)
        assert "permissionDecision" not in told(await Session(gateway, "alike").proposes(LIKE))
        await Session(gateway, "luckier").works(FAILS)
        assert "permissionDecision" not in told(await Session(gateway, "later").proposes(FAILS))


async def test_by_default_no_call_is_stopped(tmp_path: Path) -> None:
    async with connected(tmp_path, {}) as connection:
        gateway = HooksServiceStub(connection.channels.to("gateway"))
        await failed_three_times(gateway)
        answer = told(await Session(gateway, "later").proposes(FAILS))
    assert "permissionDecision" not in answer
    assert FAILS in answer["additionalContext"]
