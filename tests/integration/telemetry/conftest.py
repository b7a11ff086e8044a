"""The telemetry service at work on a database and a bus of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.integration.telemetry.world import World, open_world


@pytest.fixture
async def world(database_url: str, bus_url: str) -> AsyncGenerator[World]:
    """The service at work on a fresh database and bus."""
    async with open_world(database_url, bus_url) as world:
        yield world
