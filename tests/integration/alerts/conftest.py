"""Webhooks that are taken, and a clock that a test sets."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.integration.alerts.hand_clock import HandClock
from tests.integration.alerts.webhook_server import Taken, taking


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands."""
    return HandClock()


@pytest.fixture
def slack() -> Generator[Taken]:
    """A server that takes messages."""
    with taking() as taken:
        yield taken


@pytest.fixture
def telegram() -> Generator[Taken]:
    """Another one."""
    with taking() as taken:
        yield taken
