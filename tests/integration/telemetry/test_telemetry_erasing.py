"""What is erased while it is still coming in, and what is exported by somebody slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from typing import cast

import asyncpg
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from spark.router.v1 import router_pb2
from spark.telemetry.v1.telemetry_pb2 import ExportRequest, ExportResponse, ForgetRequest
from spark.telemetry.v1.windows_pb2 import SummarizeRequest
from tests.integration.engines.waiting import eventually
from tests.integration.telemetry.world import PROJECT, World, calling, decided

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("part", "held", "session"),
    [
        (ForgetRequest(session_id="gone"), "telemetry.decision_hour", "gone"),
        (ForgetRequest(project_id=PROJECT), "telemetry.session", "late"),
    ],
)
async def test_what_comes_in_during_an_erasure_is_there_and_counted_or_neither(
    world: World, database_url: str, part: ForgetRequest, held: str, session: str
) -> None:
    await world.record(decided(session="gone", observed_at=NOW), decided(session="stays", observed_at=NOW))
    holder = await asyncpg.connect(database_url)
    late = decided(session=session, observed_at=NOW, route=router_pb2.ROUTE_LIVE)

    async def waits() -> int:
        return await world.tables.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )

    async def erasure_waits() -> bool:
        return await waits() == 1

    async def stored_or_waits() -> bool:
        return await waits() > 1 or await world.rows() > 2

    try:
        async with holder.transaction():
            await holder.execute(f"select from {held} for update")
            with calling():
                erasing = asyncio.ensure_future(world.stub.Forget(part))
            await eventually(erasure_waits)
            sequence = await world.publish(late)
            await eventually(stored_or_waits)
        await erasing
        await world.consumer.reached(sequence, 20)
    finally:
        await holder.close()
    with calling():
        told = await world.stub.Summarize(SummarizeRequest())
    assert told.decisions == await world.rows()


def export(world: World) -> AsyncGenerator[ExportResponse]:
    # Within a process a stream is a generator.
    return cast("AsyncGenerator[ExportResponse]", world.stub.Export(ExportRequest()))


async def test_exports_that_nobody_reads_hold_up_nothing(world: World) -> None:
    await world.record(*(decided(session=f"{number}") for number in range(200)))
    async with AsyncExitStack() as open_exports:
        with calling():
            first = export(world)
            await open_exports.enter_async_context(aclosing(first))
            await anext(first)
            others = [export(world) for _ in range(3)]
            starting = [asyncio.ensure_future(anext(other)) for other in others]
            async with asyncio.timeout(10):
                await world.record(decided())
                told = await world.stub.Summarize(SummarizeRequest())
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
    assert told.decisions == 201


async def test_an_export_whose_reader_has_gone_makes_room_for_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.telemetry.erasure.READER_PAUSES_S", 1)
    await world.record(*(decided(session=f"{number}") for number in range(200)))
    with calling():
        async with aclosing(export(world)) as stalled:
            await anext(stalled)
            await eventually(lambda: alone(world))
            with pytest.raises(AioRpcError) as refused:
                async for _ in stalled:
                    pass
        assert refused.value.code() == StatusCode.UNAVAILABLE
        assert len([record async for record in export(world)]) == 400


async def alone(world: World) -> bool:
    """Whether no transaction is open but the one that asks."""
    return not await world.tables.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
    )
