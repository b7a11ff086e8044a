"""`spark alerts`: which alerts fire, and what makes Prometheus and webhooks tell of them."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import click
import httpx

from host.alerts.definitions import Alert, Burning, alerts
from host.alerts.files import written_files
from host.alerts.messages import what_is_right
from host.alerts.seen import Seen, seen_in
from host.alerts.settings import SLACK_URL, TELEGRAM_CHAT, TELEGRAM_TOKEN
from host.alerts.webhooks import Outcome, Webhook, webhooks_of
from host.alerts.wording import in_words
from host.catalog import NAMES
from host.cli.layout import count, path_row, say
from host.cli.running import explained, print_json, run
from host.connection import settings_of
from host.home import Run, read_run, read_served, spark_home

SEEN_HERE = [name for name, alert in alerts().items() if alert.seen_here]
NOBODY_LOOKS = "Spark is not up, so nothing looks at alerts."
FIRES = 1
NOT_UP = 3
PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 1.0
NAME_COLUMNS = 20
VALUE_COLUMNS = 12
INDENT = " " * 10


@click.group("alerts", invoke_without_command=True)
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
@click.pass_context
def command(context: click.Context, as_document: bool) -> None:
    """Say which alerts fire, at which value, and what to do.

    Ends with 0 when none fires, with 1 when one does, with 3 when Spark is not up. Shares of misses are those of the
    shortest span that an alert looks back, or of the one in which it fires.
    """
    if context.invoked_subcommand is not None:
        return
    seen = seen_here()
    if seen is None:
        print_json({"up": False, "alerts": []}) if as_document else say(NOBODY_LOOKS)
        context.exit(NOT_UP)
    if as_document:
        print_json({"up": True, "alerts": [document(alert, seen.get(alert.name)) for alert in alerts().values()]})
    else:
        show(seen)
    context.exit(FIRES if any(each.firing for each in seen.values()) else 0)


@command.command("check")
@click.argument(
    "name", type=click.Choice([name for name, alert in alerts().items() if alert.seen_here]), metavar="NAME"
)
@click.option("--within", type=click.FloatRange(0, 3600), default=0.0, help="Seconds to wait until it is quiet.")
def check(name: str, within: float) -> None:
    """Say whether one alert is quiet: ends with 0 when it is, with 1 when it fires, with 3 when Spark is not up."""
    give_up = time.monotonic() + within
    while (seen := seen_here()) is not None and fires(seen.get(name)) and time.monotonic() < give_up:
        time.sleep(min(PAUSE_SECONDS, max(0.0, give_up - time.monotonic())))
    if seen is None:
        say(NOBODY_LOOKS)
        click.get_current_context().exit(NOT_UP)
    show_one(alerts()[name], seen.get(name))
    click.get_current_context().exit(FIRES if fires(seen.get(name)) else 0)


@command.command("rules")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
def rules(out: Path) -> None:
    """Write Prometheus rules and Grafana dashboards, made of the service levels.

    In a clone of Spark they lie in infra/ already.
    """
    for name, text in written_files().items():
        path = out / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"{path}: {error.strerror}") from error
        path_row("Wrote", path)


@command.command("test")
def test() -> None:
    """Send a message to the webhooks that are set, to see that alerts would arrive.

    Ends with 1 when it does not arrive at one of them.
    """
    with explained():
        webhooks = webhooks_of(settings_of(spark_home(), os.environ))
    if not webhooks:
        telegram = f"{TELEGRAM_TOKEN.environment} and {TELEGRAM_CHAT.environment}"
        raise click.ClickException(f"nobody is told of alerts: set {SLACK_URL.environment}, or {telegram}")
    ends = run(lambda: tell(webhooks))
    for webhook, (outcome, why) in zip(webhooks, ends, strict=True):
        say(f"{webhook.name}: {outcome.value}{f' ({why})' if why else ''}")
    if any(outcome is not Outcome.DELIVERED for outcome, _ in ends):
        click.get_current_context().exit(1)


def seen_here() -> Mapping[str, Seen] | None:
    """How alerts stand in the processes of this data folder; None where there is none."""
    processes = {each.pid: each for each in running_in(spark_home())}
    return run(lambda: ask(list(processes.values()))) if processes else None


def fires(seen: Seen | None) -> bool:
    """Whether an alert fires."""
    return seen is not None and seen.firing


def running_in(home: Path) -> list[Run]:
    """The processes of a data folder."""
    found = [read_run(home), *(read_served(home, name) for name in NAMES)]
    return [each for each in found if each is not None]


async def ask(processes: list[Run]) -> Mapping[str, Seen]:
    """How alerts stand in processes; one that does not answer has nothing to say."""
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        answers = await asyncio.gather(*(metrics_of(client, each) for each in processes))
    if not any(answers):
        raise click.ClickException(f"no answer from {processes[0].http}/metrics")
    return seen_in(answer for answer in answers if answer)


async def metrics_of(client: httpx.AsyncClient, process: Run) -> str:
    """What a process says of itself; empty when it does not answer."""
    try:
        answer = await client.get(f"{process.http}/metrics")
    except httpx.HTTPError:
        return ""
    return answer.text if answer.is_success else ""


async def tell(webhooks: list[Webhook]) -> list[tuple[Outcome, str]]:
    """Sends a message to each."""
    message = f"[test] Spark on {socket.gethostname()}: alerts arrive like this."
    return await asyncio.gather(*(webhook.send(message) for webhook in webhooks))


def show(seen: Mapping[str, Seen]) -> None:
    """Prints it for a person, those that fire first."""
    firing = [name for name, each in seen.items() if each.firing]
    say(f"{count(len(firing), 'alert')} of {len(alerts())} {'fires' if len(firing) == 1 else 'fire'}.")
    for alert in sorted(alerts().values(), key=lambda each: each.name not in firing):
        show_one(alert, seen.get(alert.name))


def show_one(alert: Alert, seen: Seen | None) -> None:
    """Prints one."""
    state = state_of(alert, seen)
    value = "–" if seen is None or seen.value is None else in_words(seen.value, alert.unit)
    say(f"{alert.name:<{NAME_COLUMNS}} {value:<{VALUE_COLUMNS}} {what_is_right(alert)}", f"{state:<10}", INDENT)
    if state == "FIRING":
        say(f"{alert.title}. {alert.do}", INDENT)
        say(alert.runbook, INDENT)


def state_of(alert: Alert, seen: Seen | None) -> str:
    """An alert's state in a word."""
    if not alert.seen_here:
        return "elsewhere"
    if seen is None:
        return "unknown"
    return "FIRING" if seen.firing else "quiet"


def document(alert: Alert, seen: Seen | None) -> dict[str, object]:
    """One alert for a program."""
    return {
        "name": alert.name,
        "title": alert.title,
        "state": state_of(alert, seen).lower(),
        "value": seen.value if seen else None,
        "unit": alert.unit,
        "right": what_is_right(alert),
        "measures": "share of misses" if isinstance(alert.rules[0].when, Burning) else "value",
        "severities": [rule.severity for rule in alert.rules],
        "do": alert.do,
        "runbook": alert.runbook,
    }
