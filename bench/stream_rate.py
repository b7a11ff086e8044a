"""`make bench-stream`: how many moments a second one stream takes, written as hooks write them, by one process.

The embedded NATS on a file store that is synced each second, as Spark runs it: one server, no replicas of the stream.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import randbytes
from statistics import median

import uvloop

from bench.fleet_model.measured import record
from bench.report import console
from chassis.bus import Bus
from chassis.events import ONCE
from host.engines import start_nats

MESSAGES = 20_000
AT_ONCE = 256
BYTES = 700
"""With its headers a moment takes 1.1 kB in the stream (`make bench-storage`)."""
ROUNDS = 5


@dataclass(frozen=True)
class StreamRate:
    """Messages a second."""

    rate: float
    rounds: list[float]


async def bench(folder: Path) -> StreamRate:
    """Publishes in several rounds."""
    nats = await start_nats(folder / "nats", folder / "run")
    try:
        bus = await Bus.connect(nats.url)
        await bus.ensure_streams()
        rates = [await one_round(bus, number) for number in range(ROUNDS)]
        await bus.close()
    finally:
        await nats.stop()
    return StreamRate(median(rates), rates)


async def one_round(bus: Bus, number: int) -> float:
    """Messages a second, each acknowledged."""
    body = randbytes(BYTES)
    left = iter(range(MESSAGES))

    async def publish() -> None:
        for each in left:
            subject = f"spark.moment.v1.local.project-{each % 50}.session-{each % 1000}"
            await bus.publish("MOMENTS", subject, body, {ONCE: f"{number}-{each}"}, 30.0)

    began = time.perf_counter()
    await asyncio.gather(*(publish() for _ in range(AT_ONCE)))
    return MESSAGES / (time.perf_counter() - began)


def main() -> None:
    """Runs in a throw-away folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        found = uvloop.run(bench(Path(folder)))
    console.print(f"{found.rate:,.0f} messages a second, {AT_ONCE} at once; rounds {found.rounds}")
    console.print(f"kept in {record('stream', found)}")


if __name__ == "__main__":
    main()
