"""`make bench-inference`: time to the first token through Spark beside the engine's own, in turn, from one process.

Exits with 1 when it is more than 1.3 times the engine's own over bare HTTP, at the median over the rounds:
- 64 streams at once, on a server that speaks at a fixed pace (first token after 100 ms) and computes nothing, since 64
  generations of a real model on a few cores would measure the cores;
- one stream at a time, on a real llama.cpp with a tiny random model and a prompt long enough for 50 ms.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc.aio
import openai
import uvloop

from bench.first_token import BareHttp, Sdk, ThroughSpark, Way
from bench.processes import child, system
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Figures, figures, times_over
from bench.tiny_model import write_tiny_model
from chassis.identity import local_token
from spark.inference.v1 import engines_pb2, inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub

STREAMS = 64
EACH = 2
ROUNDS = 8
FIRST_MS, NEXT_MS, TOKENS = 100, 40, 25
"""A stream takes a second, so that at each instant about 64 are under way and one begins each 16 ms."""

ALONE_ROUNDS, ALONE_EACH = 12, 8
FILLING = "x y " * 600
LEAST_MS = 50.0
"""Of the real engine: beside less than that, what Spark adds would be the ratio of two noises."""
LIMIT = 1.3


async def bench(folder: Path) -> bool:
    """Measures, reports and keeps the record; whether the limits hold."""
    with child("bench.paced_model", str(FIRST_MS), str(NEXT_MS), str(TOKENS)) as paced:
        assert paced.stdout is not None
        url = f"http://127.0.0.1:{int(paced.stdout.readline())}"
        async with ways_to(made(folder / "paced"), url, "paced") as ways:
            await many_at_once(ways, 1)
            many = await many_at_once(ways, ROUNDS)
    with llama(folder) as url:
        async with ways_to(made(folder / "llama"), url, "tiny") as ways:
            await one_at_a_time(ways, 1, "warm up")
            alone = await one_at_a_time(ways, ALONE_ROUNDS, "go")
    return concluded(many, alone, [way.name for way in ways])


def made(folder: Path) -> Path:
    """The folder, new."""
    folder.mkdir()
    return folder


@asynccontextmanager
async def ways_to(home: Path, url: str, model: str) -> AsyncGenerator[list[Way]]:
    """The ways to a server, with a whole Spark of its own on it."""
    settings = {
        "SPARK_INFERENCE_ENGINES": "openai",
        "SPARK_INFERENCE_OPENAI_URL": f"{url}/v1",
        "SPARK_INFERENCE_OPENAI_MODEL": model,
        "SPARK_INFERENCE_CONCURRENCY": str(STREAMS + 8),
    }
    place = urlsplit(url)
    bare = BareHttp(place.hostname or "", place.port or 0, model)
    client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    with system(home, settings) as run:
        async with grpc.aio.insecure_channel(run.grpc.removeprefix("grpc://")) as channel:
            metadata = (("authorization", f"Bearer {local_token(home)}"),)
            stub = InferenceServiceStub(channel)
            await until_ready(stub, metadata)
            yield [bare, Sdk(client, model), ThroughSpark(stub, metadata)]
    await client.close()


async def until_ready(stub: Any, metadata: Sequence[tuple[str, str]]) -> None:
    """Waits until Spark has warmed the engine."""
    async with asyncio.timeout(60):
        while True:
            health = await stub.GetHealth(inference_pb2.GetHealthRequest(), metadata=metadata)
            if all(engine.state == engines_pb2.ENGINE_STATE_READY for engine in health.engines):
                return
            await asyncio.sleep(0.05)


@contextmanager
def llama(folder: Path) -> Generator[str]:
    """llama.cpp's server on a tiny random model; gives its URL."""
    model, address = folder / "tiny.gguf", folder / "address"
    write_tiny_model(model)
    spec = {"model": str(model), "context": 8192, "concurrency": 2, "threads": 1, "address": str(address)}
    with child("services.inference.engines.llama_server", json.dumps(spec)) as process:
        while not address.exists():
            assert process.poll() is None, "llama.cpp did not start"
            time.sleep(0.01)
        yield address.read_text(encoding="utf-8")


async def many_at_once(ways: Sequence[Way], rounds: int) -> dict[str, list[list[float]]]:
    """Seconds to the first token of each stream, by way and round; the workers of a round begin one after another."""
    taken: dict[str, list[list[float]]] = {way.name: [] for way in ways}
    stream_s = (FIRST_MS + NEXT_MS * (TOKENS - 1)) / 1000

    async def work(way: Way, number: int) -> list[float]:
        await asyncio.sleep(stream_s * number / STREAMS)
        return [await way.once("Say something.", TOKENS) for _ in range(EACH)]

    for turn in range(rounds):
        # Each round in another order: what comes after something else is no property of it.
        for way in (*ways[turn % len(ways) :], *ways[: turn % len(ways)]):
            seconds = await asyncio.gather(*(work(way, number) for number in range(STREAMS)))
            taken[way.name].append([each for one in seconds for each in one])
    return taken


async def one_at_a_time(ways: Sequence[Way], rounds: int, word: str) -> dict[str, list[list[float]]]:
    """The same with one stream at a time, way after way, each with a prompt that no cache knows."""
    taken: dict[str, list[list[float]]] = {way.name: [] for way in ways}
    for turn in range(rounds):
        for seconds in taken.values():
            seconds.append([])
        for number in range(ALONE_EACH):
            for place in range(len(ways)):
                way = ways[(place + number) % len(ways)]
                prompt = f"{word} {turn:03} {number:03} {place} {FILLING}"
                taken[way.name][-1].append(await way.once(prompt, 4))
    return taken


def concluded(many: dict[str, list[list[float]]], alone: dict[str, list[list[float]]], names: Sequence[str]) -> bool:
    """Shows and keeps the figures; whether the limits hold."""
    floor, _, through = names
    limits: list[Limit] = []
    record: dict[str, object] = {}
    for title, taken in ((f"{STREAMS} streams at once, paced server", many), ("One at a time, llama.cpp", alone)):
        rows: dict[str, Figures] = {name: figures(rounds) for name, rounds in taken.items()}
        show_figures(f"Time to first token. {title}", rows)
        times = times_over(rows[through], [rows[floor]])
        limits.append(Limit(f"{title}: Spark over the engine's own, p50", times, LIMIT, "times"))
        record[title] = {name: row.as_json() for name, row in rows.items()}
    # The paced server takes its time by design; how long the real one takes is the machine's.
    own = figures(alone[floor]).p50
    limits.append(Limit("One at a time: least that counts, over the engine's own p50", LEAST_MS, own, "ms"))
    path = keep(
        "inference",
        {**record, "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits]},
    )
    held = show_limits(limits)
    console.print(f"kept in {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return held


def main() -> None:
    """Runs in a throw-away folder."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        held = uvloop.run(bench(Path(folder)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
