"""Looks at the alerts every few seconds for as long as a process runs, and tells those who are to be told."""

from __future__ import annotations

import shutil
import socket
from contextlib import AsyncExitStack
from pathlib import Path

from prometheus_client import REGISTRY, Gauge

from chassis.channels import Channels
from chassis.clock import Clock
from chassis.probes import Readiness
from chassis.repeating import Repeating
from chassis.settings import Settings
from host.alerts.definitions import alerts
from host.alerts.figures import Figures
from host.alerts.outbox import Outbox
from host.alerts.sent import Sent
from host.alerts.settings import EVERY_S
from host.alerts.watch import Watch
from host.alerts.webhooks import webhooks_of

LOOKS_A_FIGURE = 20
"""Figures of the last day change slowly, and cost a question to the database."""

DISK_FREE = Gauge("spark_disk_free_bytes", "What is free on the disk of the data folder")


class Alarm:
    """The watch of one process and the places that it tells."""

    def __init__(self, settings: Settings, clock: Clock, home: Path | None) -> None:
        """Reads what it needs; it does nothing before `start`.

        Raises:
            BadSetting: when a webhook's address is none.
        """
        self._every_s = settings[EVERY_S]
        self._home = home
        sent, machine = Sent(home), socket.gethostname()
        self._outboxes = [Outbox(webhook, sent, clock, machine) for webhook in webhooks_of(settings)]
        self.watch = Watch(alerts().values(), REGISTRY, clock)
        self._resources = AsyncExitStack()

    async def start(self, readiness: Readiness, telemetry: Channels | None = None) -> None:
        """Begins with a first look. `telemetry` leads to that service, in the one process that is to ask it."""
        for outbox in self._outboxes:
            await outbox.start()
            self._resources.push_async_callback(outbox.stop)

        async def look() -> None:
            await self._look(readiness)

        looks = [Repeating("alerts", self._every_s, look)]
        if telemetry is not None:
            looks.append(Repeating("service levels", LOOKS_A_FIGURE * self._every_s, Figures(telemetry).look))
        for each in looks:
            await each.start()
            self._resources.push_async_callback(each.stop)

    async def stop(self) -> None:
        """Ends."""
        await self._resources.aclose()

    async def _look(self, readiness: Readiness) -> None:
        # Whoever asks notes in the metrics what does not answer.
        await readiness.lately()
        if self._home is not None:
            DISK_FREE.set(shutil.disk_usage(self._home).free)
        self.watch.look()
        for outbox in self._outboxes:
            outbox.hear(self.watch.standings.values())
