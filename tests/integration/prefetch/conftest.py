"""Prefetch and packets at work on a database and a bus of their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.integration.prefetch.world import World, calling, open_world


@pytest.fixture
async def world(database_url: str, bus_url: str) -> AsyncGenerator[World]:
    """Both services at work on a fresh database and bus; they say all that they expect."""
    with calling():
        async with open_world(database_url, bus_url, SPARK_ADVISORY_NOISE_PER_100="100") as world:
            yield world
