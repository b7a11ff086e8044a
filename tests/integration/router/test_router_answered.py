"""A moment at which something was said is not answered again, whatever else there would be to say."""

from __future__ import annotations

import json
from pathlib import Path

from host.connection import connected
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.router.v1 import router_pb2

FAILS, WORKS = "tool go --old x", "tool go --new x"
ERROR = "Exit code 2\nerror: unknown option: --old"


async def test_the_second_arrival_of_a_moment_is_silent(tmp_path: Path) -> None:
    async with connected(tmp_path, {}) as connection:
        gateway = HooksServiceStub(connection.channels.to("gateway"))

        async def hook(client: str, session: str, event: str, command: str, **fields: object) -> router_pb2.Decision:
            call = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": f"{session}-{command}"}
            named = {"session_id": session, "cwd": "/srv/project", "hook_event_name": event}
            payload = json.dumps({**named, **call, **fields}).encode()
            answer = await gateway.HandleHook(hooks_pb2.HandleHookRequest(client=client, payload=payload))
            await gateway.Settle(hooks_pb2.SettleRequest(sequence=answer.sequence))
            return answer.decision

        await hook("claude-code", "earlier", "PostToolUseFailure", FAILS, error=ERROR)
        await hook("claude-code", "earlier", "PostToolUse", WORKS, tool_response={})
        told = {"cursor_version": "2.6.18", "conversation_id": "later", "error_message": ERROR}
        first = await hook("claude-code", "later", "PostToolUseFailure", FAILS, **told)
        assert WORKS in first.text
        again = await hook("cursor", "later", "postToolUseFailure", FAILS, **told)
        assert (again.text, again.silence) == ("", router_pb2.SILENCE_CLAIMED_ELSEWHERE)
        another = await hook("cursor", "later", "postToolUseFailure", FAILS, **told, tool_use_id="another")
        assert another.silence == router_pb2.SILENCE_SHOWN_RECENTLY
