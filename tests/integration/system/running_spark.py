"""One whole Spark as a user runs it: the command in a process of its own, on a data folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import grpc.aio
import httpx
from google.protobuf.duration_pb2 import Duration

from host.home import Run, read_run, read_served
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub

REPOSITORY = Path(__file__).parents[3]
START_SECONDS = 30.0
"""Patience on a machine that is busy with other tests; test_system_up holds a start to what is promised."""
EXIT_SECONDS = 15.0
HOOK_PATH = "/v1/hooks/claude-code"

ROOMY = {"SPARK_ADVISORY_MAX_MS": "2000"}
"""For tests of what is said, not of how fast, on a machine that is busy with other tests."""


def environment_of(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the command sees: this environment without any setting of Spark's but its home and those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    paths = os.pathsep.join([str(REPOSITORY / "contracts"), str(REPOSITORY)])
    return {**inherited, "PYTHONPATH": paths, "SPARK_HOME": str(home), **(more or {})}


def spark_process(
    home: Path, *words: str, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """`spark WORDS…` with all that it says in `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "host.cli", *words],
            cwd=REPOSITORY,
            env=environment_of(home, environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def until(met: Callable[[], bool], *, within: float, what: str) -> float:
    """Waits for a condition that another process brings about; returns the seconds that it took."""
    began = time.monotonic()
    while not met():
        waited = time.monotonic() - began
        assert waited < within, f"{what}: not within {within} s"
        time.sleep(0.005)
    return time.monotonic() - began


@dataclass
class Spark:
    """`spark up` on a home; `ready_after` is the time from its start to the first 200 of `/ready`, seconds."""

    home: Path
    process: subprocess.Popen[bytes]
    log: Path
    run: Run
    ready_after: float

    @classmethod
    def up(
        cls,
        home: Path,
        *words: str,
        environment: Mapping[str, str] | None = None,
        within: float = START_SECONDS,
    ) -> Spark:
        """Starts it on free ports and waits until it is ready; what does not become ready leaves nothing behind."""
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = home.with_name(f"{home.name}.log")
        began = time.monotonic()
        process = spark_process(
            home, "up", "--http-port", "0", "--grpc-port", "0", *words, log=log, environment=environment
        )
        try:
            until(
                lambda: read_run(home) is not None or process.poll() is not None,
                within=within,
                what="run.json is there",
            )
            run = read_run(home)
            assert run is not None, log.read_text()
            assert run.pid == process.pid
            until(lambda: httpx.get(f"{run.http}/ready").status_code == 200, within=within, what="/ready")
        except BaseException:
            process.kill()
            process.wait()
            raise
        return cls(home, process, log, run, time.monotonic() - began)

    @property
    def token(self) -> str:
        return (self.home / "token").read_text().strip()

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def said(self) -> str:
        """All that it has written to its log."""
        return self.log.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM, *, within: float = EXIT_SECONDS) -> int:
        """Ends it by a signal and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(within)

    def http(self, **options: Any) -> httpx.AsyncClient:
        """A client on loopback that sends the token."""
        return httpx.AsyncClient(
            base_url=self.run.http, headers=self.bearer, timeout=httpx.Timeout(10.0, pool=60.0), **options
        )

    def unix(self) -> httpx.AsyncClient:
        """A client on the Unix socket, which asks for no token."""
        transport = httpx.AsyncHTTPTransport(uds=self.run.socket.removeprefix("unix://"))
        return httpx.AsyncClient(base_url="http://spark", transport=transport, timeout=10.0)

    @asynccontextmanager
    async def grpc(self) -> AsyncGenerator[grpc.aio.Channel]:
        """A channel to its gRPC port; calls pass `metadata=spark.metadata`."""
        async with grpc.aio.insecure_channel(self.run.grpc.removeprefix("grpc://")) as channel:
            yield channel

    @asynccontextmanager
    async def served(self, service: str) -> AsyncGenerator[grpc.aio.Channel]:
        """A channel to a service that runs apart from it."""
        run = read_served(self.home, service)
        assert run is not None
        async with grpc.aio.insecure_channel(run.services[service]) as channel:
            yield channel

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.bearer.items())

    async def settle(self, sequence: int, *, forecasts: bool = False, within: int = 20) -> int:
        """Waits until all up to a place in the stream can be advised from; returns how far it is.

        With `forecasts` prefetch must be done too, so it must not be paused.
        """
        request = hooks_pb2.SettleRequest(sequence=sequence, forecasts=forecasts, patience=Duration(seconds=within))
        async with self.grpc() as channel:
            answer = await HooksServiceStub(channel).Settle(request, metadata=self.metadata, timeout=within + 5)
        return answer.learnt

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """What the database answers."""
        connection = await asyncpg.connect(self.run.database_url)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def occurrences(self, target: str) -> int:
        """How often the one lesson about the failure of a call was met, in all projects together."""
        query = """select body->'provenance'->'occurrences' from memory.lesson
                   where body->'call'->>'target' = $1 and body->>'failure_class' <> ''"""
        return sum(int(row[0]) for row in await self.rows(query, target))
