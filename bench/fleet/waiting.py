"""Waiting until what runs behind the hooks is done."""

from __future__ import annotations

import asyncio

from chassis.bus import Bus

LOOK_EVERY_S = 0.25
"""Looking costs NATS CPU that is counted as its own."""
PATIENCE_S = 180.0


async def drained(bus: Bus) -> None:
    """Waits until every consumer has stored all that it was sent.

    Raises:
        TimeoutError: when that takes longer than three minutes.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if not await left(bus):
                return
            await asyncio.sleep(LOOK_EVERY_S)


async def left(bus: Bus) -> int:
    """How many events some consumer has not stored; one for which two wait counts twice."""
    waiting = 0
    for stream in await bus.jetstream.streams_info():
        for one in await bus.jetstream.consumers_info(stream.config.name or ""):
            waiting += (one.num_pending or 0) + (one.num_ack_pending or 0)
    return waiting
