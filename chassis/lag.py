"""How far consumers are behind, asked of the server in the background: it alone knows, and no scrape is to wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from prometheus_client import Gauge

from chassis.consumer import Consumer
from chassis.faults import BusUnavailable

BEHIND = Gauge("spark_consumer_lag", "Events in the stream that a consumer has not stored", ["consumer"])

LOOK_EVERY_S = 5.0


async def look_at(consumers: Sequence[Consumer]) -> None:
    """Notes how far each consumer is behind; while that cannot be told, nothing stands there."""
    await asyncio.gather(*(look(consumer) for consumer in consumers))


async def look(consumer: Consumer) -> None:
    """Notes how far one is behind."""
    try:
        behind = await consumer.behind()
    except BusUnavailable:
        with contextlib.suppress(KeyError):
            BEHIND.remove(consumer.name)
    else:
        BEHIND.labels(consumer.name).set(behind)
