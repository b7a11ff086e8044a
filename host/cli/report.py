"""`spark report`: how advice does, this window beside the one before, and whether it helps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from google.protobuf.descriptor import EnumDescriptor

from host.cli.asking import project_of
from host.cli.layout import milliseconds, say, width
from host.cli.phrases import ROUTES, SILENCES
from host.cli.running import print_json, run
from host.cli.status import summary_of
from host.cli.window import Window, window_from
from host.connection import connected
from host.home import spark_home
from services.telemetry.retention import KEPT
from spark.router.v1.router_pb2 import Route, Silence
from spark.telemetry.v1.telemetry_pb2 import (
    ArmFigures,
    CompareArmsRequest,
    CompareArmsResponse,
    Count,
    SummarizeRequest,
    SummarizeResponse,
)
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

COLUMN = 10
PERCENTILES = ("p50", "p90", "p95", "p99")
NONE = "–"


@dataclass(frozen=True)
class Report:
    """What telemetry answers."""

    window: Window
    project_id: str
    recent: SummarizeResponse
    earlier: SummarizeResponse | None
    """None where decisions of that time are no longer kept in full."""
    arms: CompareArmsResponse


@click.command("report")
@click.option(
    "--since",
    default="7d",
    show_default=True,
    metavar="7d|DAY",
    help="A length (90min, 24h, 7d, 2w) or a first day (2026-01-31).",
)
@click.option(
    "--project", type=click.Path(path_type=Path, resolve_path=True), help="Only of the project of this folder."
)
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(since: str, project: Path | None, as_document: bool) -> None:
    """Show how advice does: how often it is given, why not, how fast, and whether it helps.

    The window is put beside the one before it. Arms are compared since the experiment began, or since DAY.
    """
    try:
        window = window_from(since, datetime.now(UTC))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    report = run(lambda: ask(window, project))
    if as_document:
        print_json(document(report))
    else:
        show(report)


async def ask(window: Window, folder: Path | None) -> Report:
    """Asks for both windows and for the arms."""
    async with connected(spark_home()) as connection:
        telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
        project_id = (await project_of(connection, folder)).project_id if folder else ""

        def summarize(of: Window) -> SummarizeRequest:
            request = SummarizeRequest(project_id=project_id)
            request.since.FromDatetime(of.since)
            request.until.FromDatetime(of.until)
            return request

        arms = CompareArmsRequest(project_id=project_id)
        if window.fixed:
            # A window that moves on would leave sessions behind, and its bounds would no longer hold at every look.
            arms.since.FromDatetime(window.since)
        recent, earlier, compared = await asyncio.gather(
            telemetry.Summarize(summarize(window)),
            telemetry.Summarize(summarize(window.before)),
            telemetry.CompareArms(arms),
        )
    kept = window.until - window.before.since <= KEPT
    return Report(window, project_id, recent, earlier if kept else None, compared)


def show(report: Report) -> None:
    """Prints it for a person."""
    columns = [report.recent, *([report.earlier] if report.earlier else [])]
    of = f"project {report.project_id}" if report.project_id else "all projects"
    say(f"Decisions of {of}, {report.window.words}{' and as long before' if report.earlier else ''}")
    if report.earlier is None:
        say(f"The window before is not shown: decisions are kept for {KEPT.days} days.")
    click.echo()
    line("", ["now", "before"][: len(columns)])
    line("decisions", [f"{each.decisions:,}" for each in columns])
    line("with advice", [percent(each.said, each.decisions) for each in columns])
    line("silent", [percent(each.decisions - each.said, each.decisions) for each in columns])
    show_shares("by route", [counted(each.routes) for each in columns], by_name(Route.DESCRIPTOR, ROUTES))
    show_shares("silent because", [counted(each.silences) for each in columns], by_name(Silence.DESCRIPTOR, SILENCES))
    click.echo("time to the reply")
    for name in PERCENTILES:
        line(name, [milliseconds(getattr(each, f"{name}_us")) if each.decisions else NONE for each in columns], "  ")
    click.echo()
    show_arms(report.arms)


def show_shares(heading: str, columns: Sequence[Mapping[str, int]], words: Mapping[str, str]) -> None:
    """Prints how often each name came, the most frequent first, as a share of all under the heading."""
    names = sorted({name for column in columns for name in column}, key=lambda name: -columns[0].get(name, 0))
    if names:
        click.echo(heading)
    for name in names:
        line(words.get(name, name), [percent(each.get(name, 0), sum(each.values())) for each in columns], "  ")


def show_arms(arms: CompareArmsResponse) -> None:
    """Prints the comparison of arms, or how to have one."""
    if not arms.treatment.sessions and not arms.control.sessions:
        say("Whether advice helps is not known: no session is left without it to compare with.")
        say("SPARK_ADVISORY_CONTROL_SHARE=0.5 leaves half of the sessions without (docs/experiments.md).")
        return
    line("Does advice help?", ["sessions", "calls", "failed", "pieces"])
    line("advised", figures_of(arms.treatment), "  ")
    line("advice withheld", figures_of(arms.control), "  ")
    if arms.enough:
        bounds = f"{points(arms.lower)} to {points(arms.upper)} at every look ({100 * (1 - arms.alpha):g} %)"
        say(f"difference {points(arms.difference)} points; {bounds}", "  ")
    say(arms.verdict, "  ")


def figures_of(arm: ArmFigures) -> list[str]:
    """An arm in a line."""
    return [f"{arm.sessions:,}", f"{arm.calls:,}", percent(arm.failures, arm.calls), f"{arm.pieces:,}"]


def line(label: str, values: Sequence[str], indent: str = "") -> None:
    """Prints values in columns on the right, beside their label or, where it is too long for that, below it."""
    figures = "".join(f"{value:>{COLUMN}}" for value in values)
    room = width() - len(figures)
    if len(indent + label) < room:
        click.echo(f"{indent + label:<{room}}{figures}")
    else:
        say(label, indent)
        click.echo(f"{figures:>{width()}}")


def counted(counts: Iterable[Count]) -> dict[str, int]:
    """How often, by name."""
    return {each.name: each.count for each in counts}


def by_name(enum: EnumDescriptor, words: Mapping[int, str]) -> dict[str, str]:
    """The words for values by the names that a summary gives them."""
    prefix = f"{enum.name.upper()}_"
    return {enum.values_by_number[value].name.removeprefix(prefix).lower(): text for value, text in words.items()}


def percent(part: int, whole: int) -> str:
    """A share of a hundred; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else NONE


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")


def document(report: Report) -> dict[str, object]:
    """The same for a program; times in microseconds, rates as shares of one."""
    window, arms = report.window, report.arms
    return {
        "project_id": report.project_id,
        "since": window.since.isoformat(),
        "until": window.until.isoformat(),
        "window": rates_of(report.recent),
        "window_before": rates_of(report.earlier) if report.earlier else None,
        "arms": {
            "treatment": arm_of(arms.treatment),
            "control": arm_of(arms.control),
            **{name: getattr(arms, name) for name in ("difference", "lower", "upper", "alpha", "enough", "verdict")},
        },
    }


def rates_of(summary: SummarizeResponse) -> dict[str, object]:
    """A window in numbers."""
    emitted = summary.said / summary.decisions if summary.decisions else None
    rates = {"emit_rate": emitted, "no_emit_rate": None if emitted is None else 1 - emitted}
    return {**(summary_of(summary) or {}), **rates}


def arm_of(arm: ArmFigures) -> dict[str, object]:
    """An arm in numbers."""
    return {name: getattr(arm, name) for name in ("sessions", "calls", "failures", "pieces", "failure_rate")}
