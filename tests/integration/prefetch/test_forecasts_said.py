"""What the agent is told ahead, through real hooks: in time, within its room, and no oftener than it is allowed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from host.connection import connected
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.router.v1 import router_pb2
from tests.integration.prefetch.world import START

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

ERROR = "Exit code 2\nmake: *** [Makefile:9: test] Error 2"
ROUND = (("ls src", ""), ("git commit -m x", ""), ("make test --a", ERROR), ("make test --c", ERROR), ("make test", ""))
FINE = (("ls src", ""), ("git commit -m x", ""), ("make test", ""))
SESSIONS, ROUNDS = 5, 2
"""After so many the failure is expected with a probability between what is said usually and what is said in quiet."""


def payload(session: str, number: int, command: str, error: str = "") -> bytes:
    """The hook of a command that came back."""
    call = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": f"toolu_{session}_{number}"}
    told = {"error": error} if error else {"tool_response": {"stdout": "done"}}
    event = "PostToolUseFailure" if error else "PostToolUse"
    return json.dumps({"session_id": session, "cwd": "/srv/project", "hook_event_name": event, **call, **told}).encode()


async def taught(gateway: HooksServiceAsyncStub) -> None:
    """Earlier sessions, in which tests fail after each commit."""
    request = hooks_pb2.ImportHooksRequest(client="claude-code")
    for session in range(SESSIONS):
        for number, (command, error) in enumerate((*ROUND, *FINE, *FINE) * ROUNDS):
            hook = request.hooks.add(payload=payload(f"earlier{session}", number, command, error))
            hook.occurred_at.FromDatetime(START + timedelta(hours=session, minutes=number))
    learnt = await gateway.ImportHooks(request)
    assert learnt.published == SESSIONS * ROUNDS * len((*ROUND, *FINE, *FINE))
    await gateway.Settle(hooks_pb2.SettleRequest(sequence=learnt.sequence, forecasts=True))


async def told_in(gateway: HooksServiceAsyncStub, session: str) -> list[hooks_pb2.HandleHookResponse]:
    """The answers to the hooks of a session that goes the usual way, until the failure has come."""
    answers: list[hooks_pb2.HandleHookResponse] = []
    for number, (command, error) in enumerate([*ROUND[:2] * 2, *ROUND[2:4]]):
        hook = hooks_pb2.HandleHookRequest(client="claude-code", payload=payload(session, number, command, error))
        answers.append(await gateway.HandleHook(hook))
        await gateway.Settle(hooks_pb2.SettleRequest(sequence=answers[-1].sequence, forecasts=True))
    return answers[:4]


def forecasts(answers: list[hooks_pb2.HandleHookResponse]) -> list[str]:
    """The forecasts that were said."""
    pieces = [piece for answer in answers for piece in answer.decision.said]
    return [piece.text for piece in pieces if piece.source == router_pb2.SOURCE_FORECAST]


async def test_a_forecast_is_said_in_time_once_and_less_in_quiet(tmp_path: Path) -> None:
    said: dict[str, list[str]] = {}
    for name, changed in {
        "off": {"prefetch_queue": "0"},
        "usual": {},
        "again": {"forecast_ttl_s": "0"},
        "quiet": {"forecast_ttl_s": "0", "quiet": "1"},
    }.items():
        flags = {"noise_per_100": "3.6", "cooldown_s": "0", **changed}
        async with connected(tmp_path, {}, {f"advisory.{key}": value for key, value in flags.items()}) as connection:
            gateway = HooksServiceStub(connection.channels.to("gateway"))
            if name == "off":
                await taught(gateway)
            answers = await told_in(gateway, name)
        said[name] = forecasts(answers)
        for answer in answers:
            assert len(answer.decision.text) <= 500
        if name == "usual":
            (at,) = [answer for answer in answers if forecasts([answer])]
            assert said[name][0] in json.loads(at.reply)["hookSpecificOutput"]["additionalContext"]
            assert "`make test` failed " in said[name][0]
            held = {piece.silence for answer in answers for piece in answer.decision.held}
            assert router_pb2.SILENCE_SHOWN_RECENTLY in held, "not twice within two minutes"
    assert said["off"] == []
    assert len(said["usual"]) == 1
    assert len(said["again"]) > max(1, len(said["quiet"]))
