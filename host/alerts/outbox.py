"""Tells one place of alerts: in the background, one message after the other, of each alert at most once an hour."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Counter

from chassis.clock import Clock
from host.alerts.messages import fires, is_over
from host.alerts.sent import Sent
from host.alerts.watch import Standing
from host.alerts.webhooks import Outcome, Webhook

log = logging.getLogger(__name__)

MESSAGES = Counter("spark_alert_messages", "Messages about alerts, by place and what became of them", ["place", "end"])

PAUSE = timedelta(hours=1)
"""Between two messages that an alert fires (seed 004 §3)."""
AGAIN_S = (1.0, 5.0)
"""Before the second and third attempt to send a message that did not arrive."""
LATER = timedelta(minutes=5)
"""After three attempts in vain, until the same is tried anew."""
WAITING_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Message:
    """A text that waits to be sent."""

    alert: str
    text: str
    fires: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a place was told of an alert that fires."""

    since: datetime
    page: bool


class Outbox:
    """The messages to one place."""

    def __init__(self, webhook: Webhook, sent: Sent, clock: Clock, machine: str) -> None:
        self._webhook = webhook
        self._sent = sent
        self._clock = clock
        self._machine = machine
        self._told: dict[str, Told] = {}
        self._not_before: dict[str, datetime] = {}
        self._waiting: deque[Message] = deque(maxlen=WAITING_AT_MOST)
        self._something = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def hear(self, standings: Iterable[Standing]) -> None:
        """Takes how alerts stand now, and lays messages out about those that began to fire or ended; waits for none."""
        now = self._clock.now()
        for standing in standings:
            name = standing.alert.name
            told = self._told.get(name)
            if standing.firing_since is None:
                if told is not None:
                    del self._told[name]
                    self._lay_out(Message(name, is_over(standing, told.since, now, self._machine), fires=False))
            elif self._is_news(standing, told) and self._may(name, now):
                self._told[name] = Told(standing.firing_since, standing.severity == "page")
                self._sent.note(self._webhook.name, name, now)
                self._lay_out(Message(name, fires(standing, self._machine), fires=True))

    async def start(self) -> None:
        """Begins to send."""
        self._task = asyncio.create_task(self._run(), name=f"alerts to {self._webhook.name}")

    async def stop(self) -> None:
        """Ends; what is not sent yet is not sent any more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @staticmethod
    def _is_news(standing: Standing, told: Told | None) -> bool:
        """Whether the place does not know that it fires, or not how grave it is by now."""
        return told is None or (standing.severity == "page" and not told.page)

    def _may(self, name: str, now: datetime) -> bool:
        """Whether an hour has gone since the last message. One that fires on is told of then."""
        if now < self._not_before.get(name, now):
            return False
        last = self._sent.last(self._webhook.name, name)
        # A time that is to come is one of a clock that was wrong.
        return last is None or now - last >= PAUSE or last > now

    def _lay_out(self, message: Message) -> None:
        if len(self._waiting) == WAITING_AT_MOST:
            MESSAGES.labels(self._webhook.name, "dropped").inc()
        self._waiting.append(message)
        self._something.set()

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                await self._send(self._waiting.popleft())

    async def _send(self, message: Message) -> None:
        outcome, why = await self._attempt(message)
        for pause in AGAIN_S:
            if outcome is not Outcome.FAILED:
                break
            await asyncio.sleep(pause)
            outcome, why = await self._attempt(message)
        MESSAGES.labels(self._webhook.name, outcome.value).inc()
        if outcome is not Outcome.DELIVERED:
            said = {"action": "alert_not_told", "place": self._webhook.name, "end": outcome.value, "error": why}
            log.warning("a message about an alert did not go out", extra=said)
        if outcome is Outcome.FAILED and message.fires:
            # Nothing arrived, so nothing was told in this hour.
            self._told.pop(message.alert, None)
            self._sent.note(self._webhook.name, message.alert, None)
            self._not_before[message.alert] = self._clock.now() + LATER

    async def _attempt(self, message: Message) -> tuple[Outcome, str]:
        try:
            return await self._webhook.send(message.text)
        except Exception as error:
            # Whatever it is, the next message must go out; its text may hold the address.
            return Outcome.REFUSED, type(error).__name__
