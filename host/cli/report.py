"""`spark report`: how advice does, this window beside the one before, and whether it helps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from grpc.aio import AioRpcError

from host.cli.asking import project_of
from host.cli.layout import say, width
from host.cli.report_tables import Table, arm_table, markdown, points, present_table, window_tables
from host.cli.running import print_json, run
from host.cli.status import summary_of
from host.cli.window import Window, window_from
from host.connection import connected
from host.home import spark_home
from services.telemetry.erasure import HOURS_KEPT
from spark.packets.v1 import packets_pb2
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1 import prefetch_pb2
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub
from spark.telemetry.v1.telemetry_pb2 import ArmFigures, CompareArmsRequest, CompareArmsResponse
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from spark.telemetry.v1.windows_pb2 import SummarizeRequest, SummarizeResponse

COLUMN = 10
PATIENCE_SECONDS = 30.0
WHOLE = frozenset({FieldDescriptor.CPPTYPE_UINT64, FieldDescriptor.CPPTYPE_INT64})


@dataclass(frozen=True)
class Report:
    """What telemetry answers, and how packets and prefetch stand; None where they do not say."""

    window: Window
    project_id: str
    recent: SummarizeResponse
    earlier: SummarizeResponse | None
    """None where what was decided then is no longer counted."""
    arms: CompareArmsResponse
    packets: packets_pb2.GetStatusResponse | None
    prefetch: prefetch_pb2.GetStatusResponse | None

    @property
    def windows(self) -> list[SummarizeResponse]:
        """The window, and the one before it where that is known."""
        return [self.recent, *([self.earlier] if self.earlier else [])]

    @property
    def title(self) -> str:
        """What the report is of."""
        of = f"project {self.project_id}" if self.project_id else "all projects"
        return f"Decisions of {of}, {self.window.words}{' and as long before' if self.earlier else ''}"

    @property
    def tables(self) -> list[Table]:
        """All but the comparison of arms."""
        return [*window_tables(self.windows), present_table(self.packets, self.prefetch)]


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
@click.option("--markdown", "as_markdown", is_flag=True, help="Tables in Markdown, to be pasted.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(since: str, project: Path | None, as_markdown: bool, as_document: bool) -> None:
    """Show how advice does: how often it is given, why not, how fast, what became of it, and whether it helps.

    The window is put beside the one before it. Arms are compared since the experiment began, or since DAY.
    """
    if as_markdown and as_document:
        raise click.UsageError("choose one of --markdown and --json")
    try:
        window = window_from(since, datetime.now(UTC))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    report = run(lambda: ask(window, project))
    if as_document:
        print_json(document(report))
    elif as_markdown:
        show_markdown(report)
    else:
        show(report)


async def ask(window: Window, folder: Path | None) -> Report:
    """Asks for both windows, for the arms, and how packets and prefetch stand."""
    async with connected(spark_home()) as connection:
        telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
        project_id = (await project_of(connection, folder)).project_id if folder else ""

        def summarize(of: Window) -> SummarizeRequest:
            request = SummarizeRequest(project_id=project_id)
            request.since.FromDatetime(of.since)
            request.until.FromDatetime(of.until)
            return request

        async def packets() -> packets_pb2.GetStatusResponse | None:
            try:
                stub = PacketsServiceStub(connection.channels.to("packets"))
                return await stub.GetStatus(packets_pb2.GetStatusRequest())
            except AioRpcError:
                return None

        async def prefetch() -> prefetch_pb2.GetStatusResponse | None:
            try:
                stub = PrefetchServiceStub(connection.channels.to("prefetch"))
                return await stub.GetStatus(prefetch_pb2.GetStatusRequest())
            except AioRpcError:
                return None

        arms = CompareArmsRequest(project_id=project_id)
        if window.fixed:
            # A window that moves on would leave sessions behind, and its bounds would no longer hold at every look.
            arms.since.FromDatetime(window.since)
        recent, earlier, compared, stored, ahead = await asyncio.gather(
            telemetry.Summarize(summarize(window), timeout=PATIENCE_SECONDS),
            telemetry.Summarize(summarize(window.before), timeout=PATIENCE_SECONDS),
            telemetry.CompareArms(arms, timeout=PATIENCE_SECONDS),
            packets(),
            prefetch(),
        )
    kept = window.until - window.before.since <= HOURS_KEPT
    return Report(window, project_id, recent, earlier if kept else None, compared, stored, ahead)


def show(report: Report) -> None:
    """Prints it for a person."""
    say(report.title)
    if report.earlier is None:
        say(f"The window before is not shown: decisions are counted for {HOURS_KEPT.days} days.")
    for table in report.tables:
        if table.rows:
            click.echo()
            line(table.heading, table.columns)
            for label, cells in table.rows:
                line(label, cells, "  ")
    if not report.recent.exact and report.recent.decisions:
        say("Times are to the upper edges of buckets 6.25 % wide: there are too many to sort.")
    click.echo()
    show_arms(report.arms)


def show_arms(arms: CompareArmsResponse) -> None:
    """Prints the comparison of arms, or how to have one."""
    table = arm_table(arms)
    if table.rows:
        line(table.heading, table.columns)
        for label, cells in table.rows:
            line(label, cells, "  ")
    for text in told_of(arms):
        say(text, "  " if table.rows else "")


def told_of(arms: CompareArmsResponse) -> list[str]:
    """What can be said of the arms, or how to have some."""
    if not arms.treatment.sessions and not arms.control.sessions:
        return [
            "Whether advice helps is not known: no session is left without it to compare with.",
            "SPARK_ADVISORY_CONTROL_SHARE=0.5 leaves half of the sessions without (docs/experiments.md).",
        ]
    if not arms.enough:
        return [arms.verdict]
    bounds = f"{points(arms.lower)} to {points(arms.upper)} at every look ({100 * (1 - arms.alpha):g} %)"
    return [f"difference {points(arms.difference)} points; {bounds}", arms.verdict]


def show_markdown(report: Report) -> None:
    """Prints it to be pasted."""
    click.echo(f"## {report.title}\n")
    click.echo(markdown([*report.tables, arm_table(report.arms)]))
    click.echo()
    click.echo("\n".join(told_of(report.arms)))


def line(label: str, values: Sequence[str], indent: str = "") -> None:
    """Prints values in columns on the right, beside their label or, where it is too long for that, below it."""
    figures = "".join(f"{value:>{COLUMN}}" for value in values)
    room = width() - len(figures)
    if len(indent + label) < room:
        click.echo(f"{indent + label:<{room}}{figures}")
    else:
        say(label, indent)
        click.echo(f"{figures:>{width()}}")


def document(report: Report) -> dict[str, object]:
    """The same for a program; times in microseconds, rates as shares of one."""
    window, arms = report.window, report.arms
    return {
        "project_id": report.project_id,
        "since": window.since.isoformat(),
        "until": window.until.isoformat(),
        "window": rates_of(report.recent),
        "window_before": rates_of(report.earlier) if report.earlier else None,
        "packets": as_dict(report.packets),
        "prefetch": as_dict(report.prefetch),
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
    counts = {
        name: getattr(summary, name)
        for name in (
            "exact",
            "applicable",
            "applicable_advised",
            "applicable_packets",
            "applicable_live",
            "first_calls",
            "first_calls_packets",
            "sessions",
            "cut_short",
            "useful",
            "judged",
        )
    }
    named = {
        name: {count.name: count.count for count in getattr(summary, name)}
        for name in ("outcomes", "verdicts", "faults", "moments")
    }
    tables = {
        "latencies": [as_dict(latency) for latency in summary.latencies],
        "generations": [as_dict(generations) for generations in summary.generations],
    }
    return {**(summary_of(summary) or {}), **rates, **counts, **named, **tables}


def as_dict(message: Message | None) -> dict[str, object] | None:
    """A message for a program, with every field; numbers are numbers."""
    if message is None:
        return None
    named: dict[str, object] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    # Whole numbers of 64 bits are texts in protobuf's JSON, and so are names that look like one.
    whole = {field.name for field in message.DESCRIPTOR.fields if field.cpp_type in WHOLE and not field.is_repeated}
    return {name: int(str(value)) if name in whole else value for name, value in named.items()}


def arm_of(arm: ArmFigures) -> dict[str, object]:
    """An arm in numbers."""
    return {name: getattr(arm, name) for name in ("sessions", "calls", "failures", "pieces", "failure_rate")}
