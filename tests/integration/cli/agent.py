"""An agent that posts hooks as Claude Code does."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from google.protobuf.duration_pb2 import Duration

from host.connection import connected
from host.home import read_run
from spark.gateway.v1.hooks_pb2 import SettleRequest
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.telemetry.v1.telemetry_pb2 import ListDecisionsRequest
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

PATIENCE_SECONDS = 10
UNKNOWN_FLAG = "Exit code 4\nERROR: usage: pytest [options]\npytest: error: unrecognized arguments: --flaky"


@dataclass
class Agent:
    """Posts hooks as Claude Code does."""

    home: Path
    project: Path
    sequence: int = 0
    decisions: dict[str, int] = field(default_factory=dict[str, int])

    def hook(self, session: str, event: str, **fields: object) -> str:
        """What the agent is told."""
        running = read_run(self.home)
        assert running is not None
        body = {"session_id": session, "cwd": str(self.project), "hook_event_name": event, **fields}
        token = (self.home / "token").read_text().strip()
        reply = httpx.post(
            f"{running.http}/v1/hooks/claude-code",
            json=body,
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        )
        assert reply.status_code == 200
        self.sequence = max(self.sequence, int(reply.headers["spark-sequence"]))
        if "spark-decision" in reply.headers:
            self.decisions[session] = self.decisions.get(session, 0) + 1
        return reply.json().get("hookSpecificOutput", {}).get("additionalContext", "")

    def call(self, session: str, number: int, command: str, error: str = "") -> tuple[str, str]:
        """One command and how it came back; what the agent is told before and after."""
        tool = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": f"toolu_{session}_{number}"}
        before = self.hook(session, "PreToolUse", **tool)
        if error:
            return before, self.hook(session, "PostToolUseFailure", **tool, error=error)
        response = {"stdout": "1 passed", "stderr": "", "interrupted": False}
        return before, self.hook(session, "PostToolUse", **tool, tool_response=response)

    def stumble(self, session: str) -> tuple[str, str]:
        """A failure and what made it work; what the agent is told before and at the failure."""
        told = self.call(session, 1, "pytest --flaky tests", UNKNOWN_FLAG)
        self.call(session, 2, "pytest tests")
        self.settle()
        return told

    def settle(self) -> None:
        """Waits until everything posted is learnt and every decision is recorded."""
        asyncio.run(self._settled())

    async def _settled(self) -> None:
        async with connected(self.home) as connection:
            hooks = HooksServiceStub(connection.channels.to("gateway"))
            await hooks.Settle(SettleRequest(sequence=self.sequence, patience=Duration(seconds=PATIENCE_SECONDS)))
            telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
            give_up = time.monotonic() + PATIENCE_SECONDS
            for session, wanted in self.decisions.items():
                request = ListDecisionsRequest(session_id=session, page_size=500)
                while len((await telemetry.ListDecisions(request)).decisions) < wanted:
                    assert time.monotonic() < give_up, "decisions are not recorded"
