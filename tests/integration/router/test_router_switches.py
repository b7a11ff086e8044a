"""What the switches of advice do, through the whole system: deciding in silence, not deciding, general tips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from host.connection import connected
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

FAILS, WORKS = "tool go --old x", "tool go --new x"
ERROR = "Exit code 2\nerror: unknown option: --old"


async def hook(
    gateway: HooksServiceAsyncStub, session: str, event: str, **fields: object
) -> hooks_pb2.HandleHookResponse:
    payload = {"session_id": session, "cwd": "/srv/project", "hook_event_name": event, **fields}
    request = hooks_pb2.HandleHookRequest(client="claude-code", payload=json.dumps(payload).encode())
    answer = await gateway.HandleHook(request)
    await gateway.Settle(hooks_pb2.SettleRequest(sequence=answer.sequence))
    return answer


async def failure(gateway: HooksServiceAsyncStub, session: str, error: str = ERROR) -> hooks_pb2.HandleHookResponse:
    call = {"tool_name": "Bash", "tool_input": {"command": FAILS}, "tool_use_id": f"{session}-1"}
    return await hook(gateway, session, "PostToolUseFailure", **call, error=error)


async def second_failure(home: Path, **flags: str) -> hooks_pb2.HandleHookResponse:
    """The answer to a failure whose fix an earlier session has found."""
    settings = {f"advisory.{name}": value for name, value in flags.items()}
    async with connected(home, {}, settings) as connection:
        gateway = HooksServiceStub(connection.channels.to("gateway"))
        await failure(gateway, "one")
        call = {"tool_name": "Bash", "tool_input": {"command": WORKS}, "tool_use_id": "one-2"}
        await hook(gateway, "one", "PostToolUse", **call, tool_response={"stdout": "done"})
        return await failure(gateway, "two")


async def test_by_default_the_fix_is_said(tmp_path: Path) -> None:
    answer = await second_failure(tmp_path)
    assert WORKS in answer.reply.decode()
    assert answer.decision.route == router_pb2.ROUTE_PACKET_EXACT
    assert answer.decision.live_unavailable


async def test_with_emit_off_it_is_decided_and_not_said(tmp_path: Path) -> None:
    answer = await second_failure(tmp_path, emit="0")
    assert answer.reply == b"{}"
    assert answer.decision.silence == router_pb2.SILENCE_EMIT_OFF
    assert WORKS in answer.decision.said[0].text


async def test_with_the_engine_off_nothing_is_decided(tmp_path: Path) -> None:
    answer = await second_failure(tmp_path, engine="0")
    assert answer.reply == b"{}"
    assert answer.decision.silence == router_pb2.SILENCE_ENGINE_OFF
    assert not answer.decision.said


@pytest.mark.parametrize("wanted", ["0", "1"])
async def test_general_tips_are_said_only_where_they_are_wanted(tmp_path: Path, wanted: str) -> None:
    async with connected(tmp_path, {}, {"advisory.baseline": wanted}) as connection:
        gateway = HooksServiceStub(connection.channels.to("gateway"))
        missing = "Exit code 127\n/bin/sh: 1: tool: not found"
        answer = await failure(gateway, "one", missing)
        again = await failure(gateway, "one", missing)
    assert answer.decision.route == router_pb2.ROUTE_DETERMINISTIC
    assert ("In general" in answer.reply.decode()) is (wanted == "1")
    assert "In general" not in again.reply.decode(), "not twice for one call"
