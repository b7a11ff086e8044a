"""What Slack and Telegram are told of alerts, how often, and that a webhook that does not answer holds up nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry, Counter

from chassis.settings import BadSetting, Settings
from host.alerts import outbox as sending
from host.alerts import webhooks
from host.alerts.definitions import alerts
from host.alerts.outbox import Outbox
from host.alerts.sent import Sent
from host.alerts.watch import Watch
from host.alerts.webhooks import webhooks_of
from tests.integration.alerts.hand_clock import HandClock
from tests.integration.alerts.webhook_server import Taken

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LOOK = timedelta(seconds=15)


class Told:
    """Places that are told of lost events, over real HTTP."""

    def __init__(self, clock: HandClock, stack: AsyncExitStack, home: Path | None = None) -> None:
        self.clock = clock
        self._stack = stack
        self._home = home
        registry = CollectorRegistry()
        self.lost = Counter("spark_events_lost", "a", ["event"], registry=registry).labels("moment")
        self.watch = Watch([alerts()["events-lost"]], registry, clock)
        self.outboxes: list[Outbox] = []

    async def begin(self, environment: dict[str, str]) -> Told:
        """Starts telling those that are set, as a process does that starts."""
        sent = Sent(self._home)
        self.outboxes = [Outbox(webhook, sent, self.clock, "laptop") for webhook in webhooks_of(Settings(environment))]
        for each in self.outboxes:
            await each.start()
            self._stack.push_async_callback(each.stop)
        return self

    def after(self, span: timedelta) -> None:
        """Lets time pass with a look every 15 s."""
        end = self.clock.at + span
        while self.clock.at < end:
            self.clock.go_on(LOOK)
            self.watch.look()
            for each in self.outboxes:
                each.hear(self.watch.standings.values())


@pytest_asyncio.fixture
async def told(clock: HandClock, tmp_path: Path) -> AsyncGenerator[Told]:
    async with AsyncExitStack() as stack:
        yield Told(clock, stack, tmp_path)


async def until(met: Callable[[], bool]) -> None:
    """Waits for what another thread brings about."""
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.01)


async def test_slack_is_told_that_it_fires_and_that_it_is_over(told: Told, slack: Taken) -> None:
    await told.begin({"SPARK_SLACK_WEBHOOK_URL": slack.url})
    told.lost.inc(3)
    told.after(LOOK)
    await until(lambda: len(slack.texts) == 1)
    assert slack.texts[0].splitlines() == [
        "[page] Spark on laptop: Events are lost",
        "It is at 3; 0 is right. Since 2026-03-01 12:00:15 UTC.",
        "To do: See whether NATS answers; moments of the time without it cannot be learnt from.",
        "Runbook: docs/runbooks/events-lost.md",
    ]
    told.after(11 * MINUTE)
    await until(lambda: len(slack.texts) == 2)
    assert slack.texts[1] == "[resolved] Spark on laptop: Events are lost\nOver after 10 min. It is at 0."
    assert slack.paths == ["/services/T0/B0/open-sesame"] * 2


async def test_telegram_is_told_by_its_bot(told: Told, telegram: Taken) -> None:
    api = telegram.url.partition("/services")[0]
    tokens = {"SPARK_TELEGRAM_BOT_TOKEN": "42:bot-secret", "SPARK_TELEGRAM_CHAT_ID": "-100"}
    await told.begin({**tokens, "SPARK_TELEGRAM_API": api})
    told.lost.inc()
    told.after(LOOK)
    await until(lambda: len(telegram.bodies) == 1)
    assert telegram.paths == ["/bot42:bot-secret/sendMessage"]
    assert telegram.bodies[0]["chat_id"] == "-100"
    assert "docs/runbooks/events-lost.md" in telegram.texts[0]


async def test_of_an_alert_a_message_an_hour_at_most(told: Told, slack: Taken) -> None:
    await told.begin({"SLACK_WEBHOOK_URL": slack.url})
    for _ in range(3):
        told.lost.inc()
        told.after(12 * MINUTE)
    await until(lambda: len(slack.texts) == 2)
    assert [text.partition("]")[0] for text in slack.texts] == ["[page", "[resolved"]
    told.lost.inc()
    told.after(9 * MINUTE)
    told.lost.inc()
    told.after(9 * MINUTE)
    assert len(slack.texts) == 2
    told.lost.inc()
    told.after(8 * MINUTE)
    await until(lambda: len(slack.texts) == 3)
    assert slack.texts[2].startswith("[page]")


async def test_a_spark_that_starts_again_tells_no_sooner(
    told: Told, slack: Taken, clock: HandClock, tmp_path: Path
) -> None:
    await told.begin({"SPARK_SLACK_WEBHOOK_URL": slack.url})
    told.lost.inc()
    told.after(LOOK)
    await until(lambda: len(slack.texts) == 1)
    async with AsyncExitStack() as stack:
        again = await Told(clock, stack, tmp_path).begin({"SPARK_SLACK_WEBHOOK_URL": slack.url})
        again.lost.inc()
        again.after(5 * MINUTE)
        assert len(slack.texts) == 1
        clock.go_on(HOUR)
        again.lost.inc()
        again.after(LOOK)
        await until(lambda: len(slack.texts) == 2)


async def test_one_that_hangs_holds_up_nothing(
    told: Told, slack: Taken, telegram: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 1.0)
    slack.answers.clear()
    api = telegram.url.partition("/services")[0]
    tokens = {"SPARK_TELEGRAM_BOT_TOKEN": "42:bot-secret", "SPARK_TELEGRAM_CHAT_ID": "7"}
    await told.begin({**tokens, "SPARK_TELEGRAM_API": api, "SPARK_SLACK_WEBHOOK_URL": slack.url})
    told.lost.inc()
    began = time.perf_counter()
    told.after(LOOK)
    assert time.perf_counter() - began < 0.5
    await until(lambda: len(telegram.bodies) == 1)
    before = ended("unknown")
    await until(lambda: ended("unknown") == before + 1)
    # It may have arrived: within the hour it is not sent again.
    told.after(9 * MINUTE)
    assert len(slack.bodies) == 1


async def test_what_did_not_arrive_is_sent_again(told: Told, slack: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AGAIN_S", (0.0, 0.0))
    slack.statuses = [503, 429]
    await told.begin({"SPARK_SLACK_WEBHOOK_URL": slack.url})
    told.lost.inc()
    told.after(LOOK)
    await until(lambda: len(slack.bodies) == 3)
    slack.statuses = [404]
    told.after(HOUR)
    told.lost.inc()
    told.after(LOOK)
    await until(lambda: len(slack.bodies) == 5)
    told.after(9 * MINUTE)
    assert [text.partition("]")[0] for text in slack.texts] == ["[page"] * 3 + ["[resolved", "[page"]


async def test_a_dead_place_is_tried_anew_five_minutes_later(
    told: Told, slack: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AGAIN_S", (0.0, 0.0))
    slack.statuses = [500, 500, 500]
    before = ended("failed")
    await told.begin({"SPARK_SLACK_WEBHOOK_URL": slack.url})
    told.lost.inc()
    told.after(LOOK)
    await until(lambda: ended("failed") == before + 1)
    told.after(4 * MINUTE)
    assert len(slack.bodies) == 3
    told.after(2 * MINUTE)
    await until(lambda: len(slack.bodies) == 4)


async def test_no_address_is_ever_logged(
    told: Told, slack: Taken, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(sending, "AGAIN_S", (0.0, 0.0))
    slack.statuses = [200, 404]
    gone = {"SPARK_TELEGRAM_BOT_TOKEN": "42:bot-secret", "SPARK_TELEGRAM_CHAT_ID": "7"}
    nowhere = {"SPARK_TELEGRAM_API": "http://127.0.0.1:9"}
    before = ended("failed"), ended("refused")
    await told.begin({**gone, **nowhere, "SPARK_SLACK_WEBHOOK_URL": slack.url})
    told.lost.inc()
    told.after(11 * MINUTE)
    await until(lambda: ended("failed") > before[0] and ended("refused") > before[1])
    said = "\n".join([caplog.text, *(repr(record.__dict__) for record in caplog.records)])
    assert "a message about an alert did not go out" in said
    assert [secret for secret in ("open-sesame", "bot-secret") if secret in said] == []
    assert [secret for secret in ("open-sesame", "bot-secret") if secret in repr(told.outboxes)] == []


@pytest.mark.parametrize(
    "environment",
    [
        {"SPARK_SLACK_WEBHOOK_URL": "hooks.slack.com/open-sesame"},
        {"SLACK_WEBHOOK_URL": "ftp://hooks.slack.com/open-sesame"},
        {"SPARK_SLACK_WEBHOOK_URL": "https://[open-sesame"},
        {"SPARK_TELEGRAM_BOT_TOKEN": "42:open-sesame"},
        {"SPARK_TELEGRAM_CHAT_ID": "7"},
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(environment: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=next(iter(environment))) as caught:
        webhooks_of(Settings(environment))
    assert "open-sesame" not in str(caught.value)


def test_nobody_is_told_unless_it_is_set() -> None:
    assert webhooks_of(Settings({})) == []


def ended(end: str) -> float:
    """How many messages ended so."""
    return sum(
        sample.value
        for metric in sending.MESSAGES.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["end"] == end
    )
