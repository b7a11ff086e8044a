from __future__ import annotations

import os
import signal
from pathlib import Path

import asyncpg
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from host.engines import start_postgres
from tests.integration.engines.waiting import eventually
from tests.integration.telemetry.world import PATIENCE_S, decided, ids, open_world, sample

RETRIED = {"consumer": "telemetry", "result": "retried"}


async def test_nothing_is_lost_or_doubled_while_postgres_is_down(tmp_path: Path, bus_url: str) -> None:
    postgres = await start_postgres(tmp_path, tmp_path / "run")
    events = [decided() for _ in range(900)]
    try:
        async with open_world(postgres.url, bus_url) as world:
            await world.record(*events[:300])
            hooks, retried = sample("spark_hook_seconds_count"), sample("spark_events_consumed_total", **RETRIED)

            # In the midst of storing: some of these are stored before it dies, some after.
            await world.publish(*events[300:600])
            os.kill(postgres.pid, signal.SIGKILL)
            last = await world.publish(*events[600:])
            await eventually(lambda: sample("spark_events_consumed_total", **RETRIED) > retried)
            with pytest.raises(AioRpcError) as refused:
                await world.listed()
            assert refused.value.code() == StatusCode.UNAVAILABLE

            await postgres.restart()
            await world.consumer.reached(last, PATIENCE_S)
            assert len(await world.listed()) == 500
            tables = await asyncpg.connect(postgres.url)
            stored = await tables.fetch("select decision_id from telemetry.decision")
            await tables.close()
            assert sorted(row["decision_id"] for row in stored) == sorted(ids(events))
            assert await world.dead() == 0
            assert sample("spark_hook_seconds_count") - hooks <= 600
    finally:
        await postgres.stop()
