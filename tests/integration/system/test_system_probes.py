"""What a load balancer, Prometheus and an operator hear without a token: true figures, nothing of anybody's work."""

from __future__ import annotations

from importlib.metadata import version

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis.figures import Figures
from host.production import METRICS
from tests.integration.chassis.waiting import eventually
from tests.integration.system.coding_agent import Agent, failing, unknown_flag
from tests.integration.system.process_tree import tree_of
from tests.integration.system.running_spark import Spark

PROBES = ("/health", "/healthz", "/ready", "/metrics", "/metrics/production", "/status/production")
FOLDER, WORD = "/srv/nobody-hears-of-this", "unheardof"


class Scraped:
    """Metrics as they came over HTTP."""

    def __init__(self, text: str) -> None:
        self._families = list(text_string_to_metric_families(text))

    def collect(self) -> list:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]
        return self._families


@pytest.fixture
def anybody(system: Spark) -> httpx.AsyncClient:
    """Somebody without a token."""
    return httpx.AsyncClient(base_url=system.run.http, timeout=10.0)


async def test_they_need_no_token_and_tell_nothing_of_anybodys_work(system: Spark, anybody: httpx.AsyncClient) -> None:
    async with system.http() as client, anybody:
        await Agent(client, FOLDER).learns(WORD)
        for path in PROBES:
            reply = await anybody.get(path)
            assert reply.status_code == 200, path
            for word in (FOLDER, WORD, str(system.home), system.token):
                assert word not in reply.text, path


async def test_the_figures_are_those_of_the_metrics(system: Spark, anybody: httpx.AsyncClient) -> None:
    async with system.http() as client, anybody:
        agent = Agent(client, "/srv/figures")
        before = (await anybody.get("/status/production")).json()["hooks"]["answered"]
        for _ in range(7):
            await agent.fails(failing("figures"), unknown_flag("figures"))
        status = (await anybody.get("/status/production")).json()
        counted = Figures(Scraped((await anybody.get("/metrics")).text))
    assert status["hooks"]["answered"] == before + 7 == counted.total("spark_hooks_total")
    for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
        seconds = counted.quantile("spark_hook_request_seconds", share)
        assert seconds is not None
        assert status["hooks"][name] == pytest.approx(1000 * seconds, abs=0.001)
    assert (status["version"], status["status"], status["troubles"]) == (version("spark-advisory"), "ready", {})
    assert set(status["services"]) >= {"gateway", "router", "telemetry"}
    assert status["uptime_s"] > 0
    assert status["health"]["errors"] == 1
    assert status["inference"]["spend_today_usd"] == 0
    assert "gpu_utilization" not in status["inference"]


async def test_production_metrics_are_some_of_all(anybody: httpx.AsyncClient) -> None:
    async with anybody:
        chosen = (await anybody.get("/metrics/production")).text
        names = {family.name for family in text_string_to_metric_families((await anybody.get("/metrics")).text)}
    served = {family.name for family in text_string_to_metric_families(chosen)}
    assert served <= names
    assert "spark_hook_request_seconds" in served
    assert "python_info" not in served
    # A `_created` stands beside each family in the text format.
    assert {name.removesuffix("_created") for name in served} <= set(METRICS)
    assert 'spark_dependency_up{dependency="postgres"} 1.0' in chosen
    assert f'spark_build_info{{version="{version("spark-advisory")}"}} 1.0' in chosen


async def test_the_load_balancer_hears_which_dependency_is_away(system: Spark, anybody: httpx.AsyncClient) -> None:
    async with anybody:
        reply = await anybody.get("/healthz")
        assert (reply.status_code, reply.text) == (200, "ok\n")
        assert reply.headers["content-type"].startswith("text/plain")
        servers = [each for each in tree_of(system.process.pid) if "postgres" in each.name()]
        for each in servers:
            each.suspend()
        try:

            async def unwell() -> bool:
                reply = await anybody.get("/healthz")
                return (reply.status_code, reply.text) == (503, "not ready: postgres\n")

            await eventually(unwell)
            status = (await anybody.get("/status/production")).json()
            assert (status["status"], status["health"]["score"]) == ("not ready", 0)
        finally:
            for each in servers:
                each.resume()

        async def well() -> bool:
            return (await anybody.get("/healthz")).status_code == 200

        await eventually(well)
