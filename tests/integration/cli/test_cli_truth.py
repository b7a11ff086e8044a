"""Every figure agrees with what an agent counted itself: in reports, in metrics, over gRPC, on pages."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from host.connection import connected
from host.home import read_run
from spark.telemetry.v1.telemetry_pb2 import AwaitRecordedRequest
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from spark.telemetry.v1.windows_pb2 import SummarizeRequest, SummarizeResponse
from tests.integration.cli.agent import UNKNOWN_FLAG, Agent
from tests.integration.cli.command import Spark, environment
from tests.integration.engines.waiting import eventually

KINDS = {
    "SessionStart": "session_started",
    "UserPromptSubmit": "prompt_submitted",
    "PreToolUse": "call_proposed",
    "PostToolUse": "call_succeeded",
    "PostToolUseFailure": "call_failed",
    "SessionEnd": "session_ended",
}
SESSIONS = ("one", "two", "three", "four")


@dataclass
class Witness(Agent):
    """An agent that counts what it is answered."""

    hooks: Counter[str] = field(default_factory=Counter[str])
    routes: Counter[str] = field(default_factory=Counter[str])
    advised: int = 0

    def hook(self, session: str, event: str, **fields: object) -> str:
        running = read_run(self.home)
        assert running is not None
        body = {"session_id": session, "cwd": str(self.project), "hook_event_name": event, **fields}
        reply = httpx.post(f"{running.http}/v1/hooks/claude-code", json=body, headers=self.key, trust_env=False)
        self.sequence = max(self.sequence, int(reply.headers["spark-sequence"]))
        self.hooks[KINDS[event]] += 1
        told: str = reply.json().get("hookSpecificOutput", {}).get("additionalContext", "")
        if "spark-route" in reply.headers:
            self.routes[reply.headers["spark-route"]] += 1
            self.decisions[session] = self.decisions.get(session, 0) + 1
            self.advised += bool(told)
        return told

    @property
    def key(self) -> dict[str, str]:
        """What opens the workspace."""
        return {"authorization": f"Bearer {(self.home / 'token').read_text().strip()}"}

    def page(self, path: str) -> str:
        """What the process answers."""
        running = read_run(self.home)
        assert running is not None
        reply = httpx.get(running.http + path, headers=self.key, trust_env=False, timeout=10)
        assert reply.status_code == 200
        return reply.text


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Spark, Witness]]:
    """Four sessions of an agent that stumbles, recovers, and says what it thinks of the advice."""
    folder: Path = tmp_path_factory.mktemp("truth").resolve()
    spark = Spark(folder, environment(folder / "home", folder / "user"))
    assert spark("up", "--detach", "--http-port", "0", "--grpc-port", "0").code == 0
    agent = Witness(folder / "home", folder)
    for session in SESSIONS:
        agent.hook(session, "SessionStart", source="startup")
        agent.hook(session, "UserPromptSubmit", prompt="run the tests")
        agent.stumble(session)
        for number in range(3, 8):
            agent.call(session, number, f"ls part{number}")
        agent.call(session, 9, "pytest --flaky tests", UNKNOWN_FLAG)
        agent.hook(session, "SessionEnd", reason="exit")
        agent.settle()
    said = spark("explain", "--said", "--json", "--last", "100").document["decisions"]
    advice = [piece["advice_id"] for decided in said for piece in decided["decision"]["said"] if piece["advice_id"]]
    assert spark("feedback", advice[0], "helpful").code == 0
    asyncio.run(recorded(agent))
    yield spark, agent
    assert spark("down").code == 0


async def recorded(agent: Agent) -> None:
    """Waits until all is recorded: the word on a piece, which is announced behind the answer, comes last."""
    async with connected(agent.home) as connection:
        telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))

        async def judged() -> bool:
            await telemetry.AwaitRecorded(AwaitRecordedRequest())
            return bool((await telemetry.Summarize(SummarizeRequest())).verdicts)

        await eventually(judged)


async def summary(agent: Agent) -> SummarizeResponse:
    async with connected(agent.home) as connection:
        return await TelemetryServiceStub(connection.channels.to("telemetry")).Summarize(SummarizeRequest())


def metrics(agent: Witness) -> dict[tuple[str, str], float]:
    """Samples by name and by the value of their route, end or event."""
    found: Counter[tuple[str, str]] = Counter()
    for family in text_string_to_metric_families(agent.page("/metrics")):
        for sample in family.samples:
            if not sample.name.startswith(("spark_decisions", "spark_hook")):
                continue
            found[sample.name, sample.labels.get("route", sample.labels.get("event", ""))] += int(sample.value)
    return dict(found)


def test_there_is_something_to_count(worked: tuple[Spark, Witness]) -> None:
    _, agent = worked
    assert agent.hooks["call_proposed"] == 8 * len(SESSIONS)
    assert agent.advised >= len(SESSIONS) - 1
    assert len(agent.routes) >= 2


def test_grpc_agrees(worked: tuple[Spark, Witness]) -> None:
    _, agent = worked
    told = asyncio.run(summary(agent))
    assert {each.name: each.count for each in told.routes} == agent.routes
    assert (told.decisions, told.said, told.sessions) == (agent.routes.total(), agent.advised, len(SESSIONS))
    assert {each.name: each.count for each in told.moments} == agent.hooks
    assert told.first_calls == len(SESSIONS)
    assert {each.name: each.count for each in told.verdicts} == {"helpful": 1}


def test_outcomes_agree_with_what_packets_know(worked: tuple[Spark, Witness]) -> None:
    spark, agent = worked
    told = asyncio.run(summary(agent))
    explained = spark("explain", "--said", "--json", "--last", "500").document
    states = Counter(given["state"].removeprefix("ADVICE_STATE_").lower() for given in explained["advice"])
    assert {each.name: each.count for each in told.outcomes} == states


def test_the_report_agrees(worked: tuple[Spark, Witness]) -> None:
    spark, agent = worked
    window = spark("report", "--since", "24h", "--json").document["window"]
    assert window["routes"] == agent.routes
    assert (window["decisions"], window["said"], window["sessions"]) == (
        agent.routes.total(),
        agent.advised,
        len(SESSIONS),
    )
    assert window["moments"] == agent.hooks
    markdown = spark("report", "--since", "24h", "--markdown")
    assert (markdown.code, markdown.err) == (0, "")
    assert f"| decisions | {agent.routes.total()} | 0 |" in markdown.out


def test_the_scorecard_agrees(worked: tuple[Spark, Witness]) -> None:
    spark, agent = worked
    told = asyncio.run(summary(agent))
    card = spark("slo", "--json").document
    measures = {measure["name"]: measure for part in card["parts"] for measure in part["measures"]}
    assert measures["hook_p95"]["of"] == agent.routes.total()
    assert measures["hook_p95"]["value"] == told.p95_us / 1000
    assert measures["answered_share"]["value"] == 1.0
    assert measures["packet_share"]["of"] == told.applicable
    shown = spark("slo")
    assert (shown.code, shown.err) == (0, "")
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    assert "Not known yet" in shown.out
    assert spark("slo", "--check").code == 1


def test_metrics_agree(worked: tuple[Spark, Witness]) -> None:
    _, agent = worked
    found = metrics(agent)
    assert {route: found["spark_decisions_total", route] for route in agent.routes} == agent.routes
    for event, kind in KINDS.items():
        assert found["spark_hooks_total", event] == agent.hooks[kind]
    assert found["spark_hook_seconds_count", ""] == agent.routes.total()


def test_the_dashboard_agrees(worked: tuple[Spark, Witness]) -> None:
    _, agent = worked
    text = re.sub(r"<[^>]+>", " ", agent.page("/"))
    figures = re.sub(r"\s+", " ", text)
    assert f"Decisions {agent.routes.total()} {len(SESSIONS)} sessions" in figures
    assert f"{agent.advised} said" in figures
