"""`make bench-memory`: what Spark's process holds in memory over 100,000 moments of many sessions and projects.

A fifth of them come as hooks, over HTTP, each answered; the others by import, which learns from them in the same way
but neither decides nor prepares, and takes a tenth of the time. After each 10,000 all is learnt and the memory (PSS) of
the Python process is read. Exits with 1 when it grows in the second half, by 5 % and by 5 MB.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import grpc.aio
import httpx
import orjson
import psutil
import uvloop
from google.protobuf.duration_pb2 import Duration

from bench.agent import Payload
from bench.keep_alive import KeepAlive
from bench.moments import Work
from bench.processes import system
from bench.report import Limit, console, keep, show_limits
from chassis.identity import local_token
from host.home import Run
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

SEED = 20_261_125
STEPS = 10
MOMENTS = 10_000
"""In each step."""
LIVE = 2_000
"""Of them as hooks."""
AT_ONCE = 500
PATIENCE_S = 300
LIMIT_SHARE = 1.05
LIMIT_MB = 5.0
WAITING = re.compile(r'^spark_consumer_waiting\{consumer="([^"]+)"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found after a step."""

    moments: int
    mb: float
    """PSS of the Python process, MiB."""
    waiting: dict[str, int]
    """Events that consumers had not stored when the last one was sent."""
    behind_s: float
    """Seconds until all was learnt and prepared for."""
    took_s: float


async def bench(home: Path) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    with system(home) as run:
        work = Work(Random(SEED)).hooks()
        readings = [await step(run, local_token(home), work, number) for number in range(1, STEPS + 1)]
    return concluded(readings)


async def step(run: Run, token: str, work: Iterator[Payload], number: int) -> Reading:
    """Sends the moments of one step; gives what was found after it."""
    began = time.perf_counter()
    metadata = (("authorization", f"Bearer {token}"),)
    async with grpc.aio.insecure_channel(run.grpc.removeprefix("grpc://")) as channel:
        gateway = HooksServiceStub(channel)
        await learnt(gateway, metadata, list(islice(work, MOMENTS - LIVE)))
        sequence = live(run, token, islice(work, LIVE))
        async with httpx.AsyncClient() as client:
            waiting = WAITING.findall((await client.get(f"{run.http}/metrics")).text)
        sent = time.perf_counter()
        settle = hooks_pb2.SettleRequest(sequence=sequence, patience=Duration(seconds=PATIENCE_S), forecasts=True)
        await gateway.Settle(settle, metadata=metadata, timeout=PATIENCE_S)
    reading = Reading(
        number * MOMENTS,
        psutil.Process(run.pid).memory_full_info().pss / 2**20,
        {name: int(float(count)) for name, count in waiting if float(count)},
        time.perf_counter() - sent,
        time.perf_counter() - began,
    )
    console.print(
        f"{reading.moments:>7,}: {reading.mb:6.1f} MB, {reading.took_s:.0f} s; caught up in {reading.behind_s:.1f} s,"
        f" waiting {reading.waiting or 'nothing'}"
    )
    return reading


async def learnt(
    gateway: HooksServiceAsyncStub, metadata: Sequence[tuple[str, str]], payloads: Sequence[Payload]
) -> None:
    """Sends hooks as those of the past, in batches."""
    now = datetime.now(UTC)
    for start in range(0, len(payloads), AT_ONCE):
        request = hooks_pb2.ImportHooksRequest(client="claude-code")
        for payload in payloads[start : start + AT_ONCE]:
            request.hooks.add(payload=orjson.dumps(payload)).occurred_at.FromDatetime(now)
        await gateway.ImportHooks(request, metadata=metadata)


def live(run: Run, token: str, payloads: Iterator[Payload]) -> int:
    """Sends hooks one after the other; the place of the last moment in the stream.

    Raises:
        RuntimeError: when a reply is no success.
    """
    host, _, port = run.http.removeprefix("http://").rpartition(":")
    last = 0
    with closing(KeepAlive(host, int(port), "/v1/hooks/claude-code", {"authorization": f"Bearer {token}"})) as client:
        for payload in payloads:
            reply, _ = client.timed(orjson.dumps(payload))
            if reply.status != 200:
                raise RuntimeError(reply.head.decode("latin-1"))
            last = max(last, int(reply.header("spark-sequence") or 0))
    return last


def concluded(readings: Sequence[Reading]) -> bool:
    """Reports and keeps the record; whether memory stays flat in the second half."""
    half, last = readings[STEPS // 2 - 1].mb, readings[-1].mb
    allowed = max(LIMIT_SHARE * half, half + LIMIT_MB)
    console.print(
        f"{STEPS * MOMENTS:,} moments, {STEPS * LIVE:,} of them live hooks, the others imported;"
        f" load {os.getloadavg()[0]:.1f}"
    )
    limits = [Limit(f"memory at the end, {half:.1f} MB half way", last, allowed, "MB")]
    keep("memory_flat", {"readings": [asdict(each) for each in readings], "holds": limits[0].holds})
    return show_limits(limits)


def main() -> None:
    """Runs in a throw-away data folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as home:
        held = uvloop.run(bench(Path(home)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
