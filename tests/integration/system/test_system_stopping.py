"""Stopping a Spark whose engines hang: in time, and with nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal

import psutil
import pytest

from tests.integration.system.coding_agent import Agent, failing, sequence_of, unknown_flag
from tests.integration.system.conftest import StartSpark
from tests.integration.system.process_tree import alive, engines_in, tree_of
from tests.integration.system.running_spark import EXIT_SECONDS

STOPS = {"postgres": ("postgres",), "nats": ("nats-server",), "both": ("postgres", "nats-server")}


@pytest.mark.parametrize("hanging", STOPS)
async def test_it_stops_in_time_while_engines_hang(hanging: str, up: StartSpark) -> None:
    spark = up()
    engines = engines_in(spark.process.pid)
    stopped: list[psutil.Process] = []
    async with spark.http() as client:
        agents = [Agent(client, "/srv/hanging") for _ in range(8)]
        reply = await agents[0].learns("cart")
        await spark.settle(sequence_of(reply))
        processes = tree_of(spark.process.pid)
        for name in STOPS[hanging]:
            stopped += tree_of(engines[name].pid)
        for process in stopped:
            process.suspend()
        # Work that cannot end: hooks in hand, moments to be learnt, decisions to be published.
        await asyncio.gather(*(agent.fails(failing("cart"), unknown_flag("cart")) for agent in agents))
        began = asyncio.get_running_loop().time()
        spark.process.send_signal(signal.SIGTERM)
        status = await asyncio.to_thread(spark.process.wait, EXIT_SECONDS)
        took = asyncio.get_running_loop().time() - began
    print(f"stopped after {took:.1f} s with {hanging} hanging")
    for process in stopped:
        if process.is_running():
            os.kill(process.pid, signal.SIGCONT)
    assert status == 0
    assert "Traceback" not in spark.said
    async with asyncio.timeout(5):
        while alive(processes):
            await asyncio.sleep(0.05)
