"""Drills: the process stands still, was killed, cannot start, or is asked by those who should not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from host.home import read_run, run_file
from tests.integration.runbooks.ground import Ground, drills, stop_hanging
from tests.integration.runbooks.pages import DO, LOOK, VERIFY
from tests.integration.runbooks.test_drills_postgres import hang
from tests.integration.runbooks.traffic import hooks
from tests.integration.system.coding_agent import Agent, sequence_of

# Commands are processes of their own, and with Postgres hanging each waits for it.
pytestmark = pytest.mark.timeout(300)

INFRA = Path(__file__).parents[3] / "infra" / "prometheus"
PROMETHEUS = Path(sys.prefix) / "prometheus" / "usr" / "bin" / "prometheus"
PATIENCE_SECONDS = 30.0


@drills("answered-share")
async def test_the_process_stands_still_with_hooks_under_way(ground: Ground) -> None:
    watched = await ground.up(SPARK_ADVISORY_MAX_MS="400")
    async with ground.http() as client:
        await ground.spark.settle(sequence_of(await Agent(client, "/srv/still").learns("still")))
        await watched.is_quiet("answered-share")
        hanging = [*hang(ground), psutil.Process(ground.run.pid)]
        try:
            under_way = asyncio.create_task(hooks(client, "/srv/still", "still", 40))
            await asyncio.sleep(0.15)
            hanging[-1].suspend()
            await asyncio.sleep(0.8)
        finally:
            stop_hanging(hanging)
        assert {reply.status_code for reply in await under_way} == {200}
        assert (await watched.fires("answered-share"))["answered-share"] == "page"
    await ground.follow(LOOK, "answered-share")
    await ground.follow(DO, "answered-share")
    async with ground.http() as client:
        await hooks(client, "/srv/still", "still", 40, at_once=4)
    await ground.follow(VERIFY, "answered-share")
    await ground.watched().is_quiet("answered-share")


@drills("process-absent", "stale-run-json")
async def test_the_process_is_killed_and_prometheus_tells(ground: Ground, tmp_path: Path) -> None:
    await ground.up()
    # Prometheus goes on asking at that port.
    ground.set(SPARK_HTTP_PORT=str(httpx.URL(ground.run.http).port))
    async with prometheus(tmp_path / "prometheus", ground.run.http) as server:
        await server.until(lambda firing: "SparkProcessAbsent" not in firing, seen="spark_dependency_up")
        os.kill(ground.run.pid, signal.SIGKILL)
        await server.until(lambda firing: "SparkProcessAbsent" in firing)
        assert run_file(ground.home).exists()
        assert read_run(ground.home) is None
        assert "not up" in await ground.follow(LOOK, "process-absent", "stale-run-json")
        await ground.follow(DO, "process-absent")
        await ground.follow(VERIFY, "process-absent")
        await server.until(lambda firing: "SparkProcessAbsent" not in firing)
    os.kill(ground.run.pid, signal.SIGKILL)
    await ended(ground)
    await ground.follow(DO, "stale-run-json")
    await ground.follow(VERIFY, "stale-run-json")


@drills("port-busy")
async def test_the_port_is_taken(ground: Ground) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ground.set(TAKEN=str(other.getsockname()[1]))
        said = await ground.follow(LOOK, "port-busy")
        assert f"port {ground.environment['TAKEN']}" in said.lower()
        assert str(os.getpid()) in said, "who holds it is named"
        await ground.follow(DO, "port-busy")
        await ground.follow(VERIFY, "port-busy")


@drills("hook-breaker-open")
async def test_a_hooks_command_asks_nobody_any_more(ground: Ground) -> None:
    await ground.up()
    await ground.sh("spark hooks install codex")
    command = '"$SPARK_HOME"/bin/spark-hook --client codex --home "$SPARK_HOME" --deadline-ms 100 < hook.json'
    hook = {"hook_event_name": "UserPromptSubmit", "session_id": "drill", "cwd": "/srv/shop", "prompt": "Hello"}
    (ground.folder / "hook.json").write_text(json.dumps(hook))
    other = {**hook, "hook_event_name": "SessionStart", "source": "startup"}
    process = psutil.Process(ground.run.pid)
    process.suspend()
    try:
        for _ in range(3):
            await ground.sh(command)
    finally:
        stop_hanging([process])
    (ground.folder / "hook.json").write_text(json.dumps(other))
    await ground.sh(command)
    assert await begun(ground) == 0, "the breaker is open"
    assert "hook-breaker" in await ground.follow(LOOK, "hook-breaker-open")
    await ground.follow(DO, "hook-breaker-open")
    await ground.sh(command)
    assert await begun(ground) == 1
    await ground.follow(VERIFY, "hook-breaker-open")


@drills("leaked-token")
async def test_the_token_became_known(ground: Ground) -> None:
    await ground.up()
    await ground.sh("spark hooks install claude-code")
    leaked = ground.spark.token
    await ground.follow(LOOK, "leaked-token")
    ground.set(SPARK_HTTP_PORT=str(httpx.URL(ground.run.http).port))
    await ground.follow(DO, "leaked-token")
    await ground.follow(VERIFY, "leaked-token")
    async with ground.http() as client:
        old = await client.get("/v1/chat?session_id=s", headers={"authorization": f"Bearer {leaked}"})
        assert (old.status_code, (await client.get("/v1/chat?session_id=s")).status_code) == (401, 200)
    assert leaked not in (ground.folder / "user" / ".claude" / "settings.json").read_text()


async def begun(ground: Ground) -> int:
    """How many sessions of Codex were seen to begin."""
    async with ground.http() as client:
        lines = (await client.get("/metrics")).text.splitlines()
    start = 'spark_hooks_total{client="codex"'
    found = (line for line in lines if line.startswith(start) and 'event="SessionStart"' in line)
    return sum(int(float(line.rpartition(" ")[2])) for line in found)


async def ended(ground: Ground) -> None:
    """Waits until nothing is up."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while read_run(ground.home) is not None:
            await asyncio.sleep(0.02)


class Server:
    """A Prometheus with the committed rules."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def until(self, met: Callable[[set[str]], bool], seen: str = "up") -> None:
        """Waits until the alerts that fire are such, and a series was scraped."""
        async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient(base_url=self._url, trust_env=False) as client:
            while True:
                try:
                    alerts = (await client.get("/api/v1/alerts")).json()["data"]["alerts"]
                    found = (await client.get("/api/v1/query", params={"query": seen})).json()["data"]["result"]
                    if found and met({each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}):
                        return
                except (httpx.HTTPError, KeyError, ValueError):
                    pass
                await asyncio.sleep(0.1)


def configured(folder: Path, target: str) -> list[str]:
    """The committed rules and configuration, but for how often it looks and how long the alert must hold; returns the
    words of the command line."""
    folder.mkdir()
    config = yaml.safe_load((INFRA / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target.removeprefix("http://")]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    for name in config["rule_files"]:
        (folder / name).write_text((INFRA / name).read_text().replace("for: 2m", "for: 1s"))
    return [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}", "--log.level=error"]


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncGenerator[Server]:
    """A real Prometheus that looks each second."""
    if not PROMETHEUS.exists():
        missing = "Prometheus is not installed: `make promtool`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = [*configured(folder, target), f"--web.listen-address={address}"]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(PROMETHEUS, *words, stdout=quiet, stderr=quiet)
    try:
        yield Server(f"http://{address}")
    finally:
        process.kill()
        await process.wait()
