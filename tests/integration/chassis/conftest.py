"""A connection to the bus with every stream on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from chassis.bus import Bus


@pytest.fixture
async def bus(bus_url: str) -> AsyncGenerator[Bus]:
    bus = await Bus.connect(bus_url)
    await bus.ensure_streams()
    yield bus
    await bus.close()
