"""`spark export`: all that telemetry holds, or all of a session or a project, as JSON lines."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

import click
from google.protobuf.json_format import MessageToDict
from rich.console import Console

from host.cli.asking import project_of
from host.cli.layout import count
from host.cli.running import run
from host.connection import connected
from host.home import spark_home
from spark.telemetry.v1.telemetry_pb2 import ExportRequest, ExportResponse
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

SHOW_EVERY = 1000
PLURALS = {"advice": "pieces of advice"}


@click.command("export")
@click.option("--session", default="", metavar="ID", help="The agent's id of a session, in full.")
@click.option("--project", type=click.Path(path_type=Path, resolve_path=True), help="A folder of the project.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file to write; standard output else.")
def command(session: str, project: Path | None, out: Path | None) -> None:
    """Write moments, decisions, what became of advice, generations, faults and sessions, one JSON object a line.

    Each line has one field, which says what it is. What it holds was redacted before it was stored.
    """
    if session and project:
        raise click.UsageError("choose one of --session and --project")
    if out is not None and out.exists():
        raise click.ClickException(f"{out} is there already; choose another name")
    with target(out) as lines:
        written = run(lambda: export(session, project, lines))
    told = [count(number, name, PLURALS.get(name, "")) for name, number in sorted(written.items())]
    click.echo(f"Exported {', '.join(told) or 'nothing: there is nothing of it'}.", err=True)


@contextlib.contextmanager
def target(out: Path | None) -> Generator[TextIO]:
    """Where lines go. A file that could not be written to its end is not left behind."""
    if out is None:
        yield sys.stdout
        return
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as lines:
            part.chmod(0o600)
            yield lines
        part.rename(out)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


async def export(session: str, folder: Path | None, lines: TextIO) -> Counter[str]:
    """Writes what there is; returns how much of what."""
    written: Counter[str] = Counter()
    async with connected(spark_home()) as connection:
        project_id = (await project_of(connection, folder)).project_id if folder else ""
        telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
        console = Console(stderr=True)
        with console.status("Exporting") as status:
            async for held in telemetry.Export(ExportRequest(session_id=session, project_id=project_id)):
                lines.write(line_of(held))
                written[str(held.WhichOneof("record"))] += 1
                if written.total() % SHOW_EVERY == 0:
                    status.update(f"Exporting: {written.total():,}")
    return written


def line_of(held: ExportResponse) -> str:
    """One thing as a line."""
    return json.dumps(MessageToDict(held, preserving_proto_field_name=True), ensure_ascii=False) + "\n"
