"""`spark slo`: how a window stands beside the service levels, and whether to go on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from host.cli.asking import project_of
from host.cli.layout import printable, say, width
from host.cli.running import print_json, run
from host.cli.window import Window, window_from
from host.connection import connected
from host.home import spark_home
from spark.telemetry.v1 import windows_pb2
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

PATIENCE_SECONDS = 30.0
NOT_GO = 1
COLUMN = 11
NONE = "–"
MARKS = {
    windows_pb2.STANDING_MET: "✓",
    windows_pb2.STANDING_MISSED: "✗",
    windows_pb2.STANDING_UNKNOWN: "?",
}
STANDINGS = {
    windows_pb2.STANDING_MET: "met",
    windows_pb2.STANDING_MISSED: "missed",
    windows_pb2.STANDING_UNKNOWN: "unknown",
}
VERDICTS = {
    windows_pb2.STANDING_MET: "GO: every gate has held for three days.",
    windows_pb2.STANDING_MISSED: "NO-GO: take back the last change, replay the fixed scenarios, and look again.",
    windows_pb2.STANDING_UNKNOWN: "Not known yet: too little has been seen in one of the three days.",
}


@click.command("slo")
@click.option("--since", default="24h", show_default=True, metavar="24h|DAY", help="A length, or a first day.")
@click.option(
    "--project", type=click.Path(path_type=Path, resolve_path=True), help="Only of the project of this folder."
)
@click.option("--check", is_flag=True, help="End with 1 unless every gate holds.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(since: str, project: Path | None, check: bool, as_document: bool) -> None:
    """Set a window beside the service levels: the scorecard, and what must hold for three days to go on."""
    try:
        window = window_from(since, datetime.now(UTC))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    card = run(lambda: ask(window, project))
    if as_document:
        print_json(document(card))
    else:
        show(card, window)
    if check and card.go != windows_pb2.STANDING_MET:
        click.get_current_context().exit(NOT_GO)


async def ask(window: Window, folder: Path | None) -> windows_pb2.GetScorecardResponse:
    """Asks for the scorecard of a window."""
    async with connected(spark_home()) as connection:
        telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
        project_id = (await project_of(connection, folder)).project_id if folder else ""
        request = windows_pb2.GetScorecardRequest(project_id=project_id)
        request.since.FromDatetime(window.since)
        request.until.FromDatetime(window.until)
        return await telemetry.GetScorecard(request, timeout=PATIENCE_SECONDS)


def show(card: windows_pb2.GetScorecardResponse, window: Window) -> None:
    """Prints it for a person."""
    score = f"{card.score:.1f} of 10" if card.HasField("score") else "not known"
    left = f", of {100 * card.known:.0f} % of the weights" if 0 < card.known < 0.995 else ""
    say(f"Service levels, {window.words}: {score}{left}")
    click.echo()
    table_line("", ["now", "level", "before"])
    for part in card.parts:
        click.echo(f"{part.name}, {100 * part.weight:.0f} %")
        for measure in part.measures:
            change = "*" if measure.differs else ""
            before = figure(measure, measure.before) + change if measure.HasField("before") else NONE
            table_line(f"  {MARKS[measure.standing]} {measure.title}", [shown(measure), level(measure), before])
    click.echo()
    table_line("To go on, each of three days", ["3rd last", "2nd last", "last", "all"], 9)
    for gate in card.gates:
        cells = [shown(measure) for measure in (*gate.days, gate.whole)]
        table_line(f"  {MARKS[gate.standing]} {gate.title}", cells, 9)
    click.echo()
    say(VERDICTS[card.go])
    if any(measure.differs for part in card.parts for measure in part.measures):
        say("* differs from the window before by more than chance (95 %)")
    if any(measure.standing == windows_pb2.STANDING_UNKNOWN for part in card.parts for measure in part.measures):
        say("? too little has been seen to say (docs/service-levels.md)")


def table_line(label: str, cells: list[str], column: int = COLUMN) -> None:
    """A label, cut where it must be, and figures on the right."""
    figures = "".join(f"{cell:>{column}}" for cell in cells)
    room = width() - len(figures)
    text = printable(label)
    click.echo(f"{text if len(text) < room else text[: room - 2] + '…':<{room}}{figures}".rstrip())


def shown(measure: windows_pb2.Measure) -> str:
    """A measure's figure; a dash where nothing was seen."""
    return figure(measure, measure.value) if measure.HasField("value") else NONE


def level(measure: windows_pb2.Measure) -> str:
    """What is asked of a measure."""
    return ("≥ " if measure.at_least else "≤ ") + figure(measure, measure.level)


def figure(measure: windows_pb2.Measure, value: float) -> str:
    """A figure in the measure's unit."""
    if measure.unit == "ms":
        return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"
    return f"{100 * value:.1f} %"


def document(card: windows_pb2.GetScorecardResponse) -> dict[str, object]:
    """The same for a program; shares from 0 to 1, times in milliseconds."""
    return {
        "since": card.since.ToJsonString(),
        "until": card.until.ToJsonString(),
        "score": card.score if card.HasField("score") else None,
        "known": card.known,
        "parts": [
            {
                "name": part.name,
                "weight": part.weight,
                "score": part.score if part.HasField("score") else None,
                "measures": [as_row(measure) for measure in part.measures],
            }
            for part in card.parts
        ],
        "gates": [
            {
                "name": gate.name,
                "standing": STANDINGS[gate.standing],
                "days": [as_row(measure) for measure in gate.days],
                "whole": as_row(gate.whole),
            }
            for gate in card.gates
        ],
        "go": STANDINGS[card.go],
    }


def as_row(measure: windows_pb2.Measure) -> dict[str, object]:
    """A measure for a program."""
    optional = ("value", "lower", "upper", "before")
    return {
        **{name: getattr(measure, name) for name in ("name", "title", "level", "at_least", "unit", "of", "differs")},
        **{name: getattr(measure, name) if measure.HasField(name) else None for name in optional},
        "standing": STANDINGS[measure.standing],
    }
