"""A Spark that runs sees a fault by itself and tells of it, without Prometheus."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from host.alerts.webhooks import TIMEOUT_S
from tests.integration.alerts.webhook_server import Taken
from tests.integration.system.coding_agent import Agent, failing, sequence_of, unknown_flag
from tests.integration.system.process_tree import engines_in
from tests.integration.system.running_spark import Spark

PATIENCE_SECONDS = 30.0


async def test_who_is_set_hears_that_events_are_lost(tmp_path: Path, slack: Taken) -> None:
    environment = {"SPARK_ALERTS_EVERY_S": "0.2", "SPARK_SLACK_WEBHOOK_URL": slack.url}
    spark = Spark.up(tmp_path / "home", environment=environment)
    try:
        async with spark.http() as client:
            assert (await told(client))["alerts"] == []
            server = engines_in(spark.process.pid)["nats-server"]
            server.suspend()
            try:
                lost = await Agent(client, "/srv/told").fails(failing("told"), unknown_flag("told"))
                assert sequence_of(lost) == 0
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while not (found := [text for text in slack.texts if "Events are lost" in text]):
                        await asyncio.sleep(0.05)
            finally:
                server.resume()
            assert "events-lost" in (await told(client))["alerts"]
            metrics = (await client.get("/metrics")).text
        assert found[0].startswith("[page] Spark on ")
        assert "Events are lost\nIt is at 1; 0 is right." in found[0]
        assert 'spark_alert_firing{alert="events-lost"} 1.0' in metrics
        assert 'spark_alert_messages_total{end="delivered",place="slack"} ' in metrics
    finally:
        assert spark.stop() == 0
    assert "open-sesame" not in spark.said


async def test_a_webhook_that_hangs_slows_no_hook_and_no_stop(tmp_path: Path, slack: Taken) -> None:
    slack.answers.clear()
    environment = {"SPARK_ALERTS_EVERY_S": "0.1", "SPARK_SLACK_WEBHOOK_URL": slack.url}
    spark = Spark.up(tmp_path / "home", environment=environment)
    try:
        async with spark.http() as client:
            server = engines_in(spark.process.pid)["nats-server"]
            server.suspend()
            await Agent(client, "/srv/hangs").fails(failing("hangs"), unknown_flag("hangs"))
            server.resume()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not slack.bodies:
                    await asyncio.sleep(0.05)
            replies = [await Agent(client, "/srv/hangs").learns("hangs") for _ in range(20)]
            assert max(reply.elapsed.total_seconds() for reply in replies) < TIMEOUT_S / 4
    finally:
        assert spark.stop() == 0


async def told(client: httpx.AsyncClient) -> dict[str, list[str]]:
    """What `/status/production` says."""
    return (await client.get("/status/production")).json()
