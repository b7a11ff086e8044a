"""`spark import`: learns from existing transcripts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.clients.claude_code import hooks_file
from gateway.clients.codex.hooks_file import CODEX
from gateway.clients.gemini.hooks_file import GEMINI
from gateway.clients.json_lines import Problem
from host.cli.running import console, print_json, run
from host.cli.unreadable import told
from host.connection import connected
from host.home import spark_home
from host.recordings.importer import Tally, import_transcripts
from host.recordings.transcripts import Reader
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.memory.v1 import memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--project",
    type=click.Path(path_type=Path, resolve_path=True),
    help="Folder whose project all of it belongs to; otherwise each session's own folder decides.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(paths: tuple[Path, ...], project: Path | None, as_json: bool) -> None:
    """Learn from existing sessions: transcripts of Claude Code, rollouts of Codex and chats of Gemini CLI, .jsonl and
    .jsonl.gz files (chats of older clients: .json), and folders of them.

    Without a PATH, those in ~/.claude/projects, ~/.codex/sessions and ~/.gemini/tmp, or where CLAUDE_CONFIG_DIR,
    CODEX_HOME and GEMINI_CLI_HOME say. What was imported or seen live before is known again, so it may be run at any
    time.
    """
    reader = Reader(folder=str(project or ""))
    tally = Tally()
    try:
        report = run(lambda: learn(spark_home(), paths or default_paths(), project, reader, tally, quiet=as_json))
    except click.Abort:
        click.echo(f"Stopped at {tally.new:,} new moments: they stay. The same command goes on from here.", err=True)
        raise
    if as_json:
        print_json(report)
    else:
        tell(report, reader.problems)


def default_paths() -> tuple[Path, ...]:
    """Where clients keep their sessions.

    Raises:
        click.UsageError: when they keep none here.
    """
    home = Path.home()
    usual = (
        hooks_file.user_folder(home) / "projects",
        CODEX.user_folder(home) / "sessions",
        GEMINI.user_folder(home) / "tmp",
    )
    folders = tuple(folder for folder in usual if folder.is_dir())
    if not folders:
        raise click.UsageError(f"there is none of {', '.join(map(str, usual))} here: name the sessions to learn from")
    return folders


async def learn(
    home: Path, paths: Sequence[Path], project: Path | None, reader: Reader, tally: Tally, *, quiet: bool
) -> dict[str, Any]:
    """Imports, and says what became of it."""
    transcripts = reader.find(paths)
    async with connected(home) as connection:
        memory = MemoryServiceStub(connection.channels.to("memory"))
        started = time.monotonic()
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        ) as bar:
            task = bar.add_task("reading", total=sum(transcript.size for transcript in transcripts))

            def progress() -> None:
                bar.update(task, completed=tally.bytes, description=f"{tally.new + tally.known:,} moments")

            gateway = HooksServiceStub(connection.channels.to("gateway"))
            await import_transcripts(gateway, reader, transcripts, str(project or ""), tally, progress)
        seconds = time.monotonic() - started
        lessons = await memory.ListLessons(memory_pb2.ListLessonsRequest(page_size=1))
    return {
        "files": tally.files,
        "sessions": len(tally.sessions),
        "hooks": tally.hooks,
        "moments": {
            "new": tally.new,
            "known": tally.known,
            "skipped": tally.skipped,
            "rejected": tally.rejected,
        },
        "lessons": lessons.total,
        "raw_bytes": tally.bytes,
        "seconds": round(seconds, 3),
        "mb_per_s": round(tally.bytes / 1e6 / seconds, 2),
        "unreadable": [as_row(problem) for problem in reader.problems],
    }


def as_row(problem: Problem) -> dict[str, Any]:
    """A place that could not be read; line 0 is the file as a whole."""
    return {"path": str(problem.path), "line": problem.line, "reason": problem.reason}


def tell(report: dict[str, Any], problems: Sequence[Problem]) -> None:
    """The report in words."""
    moments = report["moments"]
    console.print(f"{report['files']:,} files, {report['sessions']:,} sessions, {report['hooks']:,} hooks")
    console.print(
        f"moments: {moments['new']:,} new, {moments['known']:,} known already, "
        f"{moments['skipped']:,} skipped, {moments['rejected']:,} rejected"
    )
    console.print(f"lessons now known: {report['lessons']:,}")
    megabytes = report["raw_bytes"] / 1e6
    console.print(f"{megabytes:.1f} MB in {report['seconds']:.1f} s, {report['mb_per_s']:.1f} MB/s")
    if problems:
        console.print(f"could not be read: {len(problems):,} places, left out")
        for line in told(problems):
            console.print(f"  {escape(line)}", soft_wrap=True)
