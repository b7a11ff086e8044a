"""The alerts of a Spark that runs, on its metrics as Prometheus would find them, by a clock that a test sets: nobody$
has to wait for the minutes for which an alert must hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from host.alerts.definitions import Severity, alerts
from host.alerts.watch import Watch
from tests.integration.alerts.hand_clock import HandClock

LOOK = timedelta(seconds=15)
PATIENCE_SECONDS = 20.0


class Scraped(CollectorRegistry):
    """What `/metrics` of a process says."""

    def __init__(self, http: str) -> None:
        super().__init__()
        self._http = http

    def restricted_registry(self, names: Iterable[str]) -> Scraped:  # pyright: ignore[reportIncompatibleMethodOverride]
        """All of them: whoever asked picks out its own."""
        return self

    def collect(self) -> Iterable[Metric]:
        """The metrics now."""
        return text_string_to_metric_families(httpx.get(f"{self._http}/metrics", timeout=10.0).text)


class Watched:
    """The alerts of one Spark, by the address of its HTTP."""

    def __init__(self, http: str) -> None:
        self.clock = HandClock()
        self._watch = Watch(alerts().values(), Scraped(http), self.clock)

    def look(self, after: timedelta = LOOK) -> dict[str, Severity | None]:
        """What fires a quarter of a minute later."""
        self.clock.go_on(after)
        self._watch.look()
        return {each.alert.name: each.severity for each in self._watch.firing}

    async def fires(self, *names: str, every: timedelta = LOOK) -> dict[str, Severity | None]:
        """Waits until all of these fire at once, looking so often by the test's clock."""
        return await self._until(lambda firing: set(names) <= set(firing), f"{names} fire", every)

    async def is_quiet(self, *names: str) -> dict[str, Severity | None]:
        """Waits until none of these fires."""
        return await self._until(lambda firing: not set(names) & set(firing), f"{names} are quiet")

    async def _until(
        self, met: Callable[[dict[str, Severity | None]], bool], what: str, every: timedelta = LOOK
    ) -> dict[str, Severity | None]:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not met(firing := self.look(every)):
            values = {name: each.value for name, each in self._watch.standings.items()}
            assert time.monotonic() < give_up, f"not so: {what}; what fires: {firing}; values: {values}"
            await asyncio.sleep(0.02)
        return firing

    def forget(self) -> None:
        """Lets four days go by, so that what was counted before lies outside of every span."""
        self.look()
        self.clock.go_on(timedelta(days=4))
        self.look()
