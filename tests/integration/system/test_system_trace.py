"""One tool call as one trace, from its hook to the row of telemetry; and a collector that is away costs nobody time."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from chassis.identifiers import new_ulid
from chassis.spans import NAMES
from spark.router.v1 import router_pb2
from tests.integration.chassis.waiting import eventually
from tests.integration.metric_text import happened
from tests.integration.system.coding_agent import Agent, failing, sequence_of
from tests.integration.system.running_spark import HOOK_PATH, ROOMY, Spark
from tests.integration.system.trace_collector import collecting

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ADVISE = "/spark.router.v1.RouterService/Advise"
LOOKUP = "/spark.packets.v1.PacketsService/Lookup"
CHAIN = (
    "POST /v1/hooks",
    ADVISE,
    LOOKUP,
    "database packets",
    "publish MOMENTS",
    "publish DECISIONS",
    "consume telemetry",
    "database telemetry",
)
STOP_MORE_S = 1.0
"""What a collector that is away may add to a stop, seconds."""


def up(folder: Path, endpoint: str) -> Spark:
    return Spark.up(folder / "home", environment={**ROOMY, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})


async def stopped(spark: Spark) -> float:
    """Seconds that a stop takes. In a thread, so that what runs in this loop answers meanwhile."""
    began = time.monotonic()
    assert await asyncio.to_thread(spark.stop) == 0
    return time.monotonic() - began


def is_listed(name: str) -> bool:
    patterns = (re.escape(each).replace("PACKAGE\\.SERVICE", "[a-z0-9.]+[A-Za-z]+") for each in NAMES)
    return any(re.fullmatch(re.sub(r"\b[A-Z]{5,}$", r"[A-Za-z_-]+", pattern), name) for pattern in patterns)


async def test_one_tool_call_is_one_trace_from_its_hook_to_the_row_of_telemetry(tmp_path: Path) -> None:
    async with collecting() as collector:
        spark = await asyncio.to_thread(up, tmp_path, collector.url)
        try:
            async with spark.http() as client:
                agent = Agent(client, "/srv/traced")
                call = agent.call("PreToolUse", failing("traced"))
                reply = await client.post(HOOK_PATH, json=call, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
            assert sequence_of(reply) > 0
            await eventually(lambda: set(CHAIN) <= {span.name for span in collector.of(TRACE)})
            spans: dict[str, Span] = {span.name: span for span in collector.of(TRACE)}
            ids = {span.span_id: span.name for span in collector.of(TRACE)}
            # The producer's span of a decision and not of the moment is what telemetry goes on from.
            assert spans["POST /v1/hooks"].parent_span_id.hex() == CALLER
            parents = {name: ids[spans[name].parent_span_id] for name in CHAIN[1:]}
            assert parents == {
                ADVISE: "POST /v1/hooks",
                LOOKUP: ADVISE,
                "database packets": LOOKUP,
                "publish MOMENTS": "POST /v1/hooks",
                "publish DECISIONS": "POST /v1/hooks",
                "consume telemetry": "publish DECISIONS",
                "database telemetry": "consume telemetry",
            }
            (row,) = await spark.rows("select event from telemetry.decision")
            assert router_pb2.AdviceDecided.FromString(row["event"]).envelope.traceparent.split("-")[1] == TRACE
            assert [span.name for span in collector.spans if not is_listed(span.name)] == []
            # Only what serves a call is traced: looking at the machine and the bus is not.
            assert all(span.parent_span_id for span in collector.of(TRACE))
        finally:
            await stopped(spark)
        assert "Traceback" not in spark.said


@pytest.mark.parametrize("hanging", [True, False], ids=["hangs", "is away"])
async def test_a_collector_that_is_away_holds_up_neither_hooks_nor_the_stop(tmp_path: Path, hanging: bool) -> None:
    plain = await asyncio.to_thread(Spark.up, tmp_path / "plain" / "home")
    usual = await stopped(plain)
    async with collecting(hanging=True) as collector:
        # Nobody listens on port 9 of loopback.
        spark = await asyncio.to_thread(up, tmp_path, collector.url if hanging else "http://127.0.0.1:9")
        async with spark.http() as client:
            agent = Agent(client, "/srv/away")
            for _ in range(20):
                reply = await agent.send(agent.call("PreToolUse", failing(new_ulid()[-6:].lower())))
                assert sequence_of(reply) > 0
            if hanging:
                await eventually(lambda: collector.asked > 0)
            slow = happened((await client.get("/metrics")).text, 'end="late"')
        took = await stopped(spark)
        collector.hanging = False
    assert not slow
    assert took < usual + STOP_MORE_S + 0.5, f"{took:.2f} s, without traces {usual:.2f} s"
    assert spark.said.count("spans_lost") <= 1
    assert "opentelemetry" not in spark.said
    assert "Traceback" not in spark.said
