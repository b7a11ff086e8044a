"""A connection to the bus with every stream on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from chassis.bus import Bus
from chassis.consumer import Consumer
from tests.integration.chassis.numbered import Store, consumer_of


@pytest.fixture
async def bus(bus_url: str) -> AsyncGenerator[Bus]:
    bus = await Bus.connect(bus_url)
    await bus.ensure_streams()
    yield bus
    await bus.close()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def consumer(bus: Bus, store: Store) -> AsyncGenerator[Consumer]:
    """A consumer that is not yet at work."""
    consumer = consumer_of(bus, store)
    yield consumer
    await consumer.stop()
