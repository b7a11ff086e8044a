"""`spark replay`: recorded sessions through the real gateway, learning only from the past."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn

from host.cli.layout import count, path_row, printable, row, say, short, warn
from host.cli.running import console, print_json, run
from host.cli.score_table import tell_scores
from host.cli.unreadable import told
from host.recordings.decisions import watched
from host.recordings.foretold import Foretold
from host.recordings.hook_client import HookClient
from host.recordings.judging import Observer
from host.recordings.library import Library, opened
from host.recordings.replay import Played, in_order, play, play_alone
from host.recordings.score import Noted, Score, as_row, note, score
from host.recordings.scoring import report
from host.recordings.table_rows import Kind
from host.recordings.throwaway import about_advice, throwaway
from host.recordings.transcripts import CLIENT
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.memory.v1 import lesson_pb2, memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

SUBJECT_CHARS = 60


@dataclass(frozen=True)
class Wish:
    """What a user asks of a replay."""

    paths: tuple[Path, ...]
    project: str
    home: Path | None
    limit: int | None
    verbose: bool
    quiet: bool
    score: bool
    history: bool


@dataclass
class Outcome:
    """What a replay brought."""

    noted: list[Noted] = field(default_factory=list[Noted])
    score: Score | None = None
    lessons: dict[str, int] = field(default_factory=dict[str, int])
    seconds: float = 0.0
    report: dict[str, Any] | None = None
    """Where one is wanted."""


@click.command("replay")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="PATH...")
@click.option(
    "--project",
    type=click.Path(path_type=Path, resolve_path=True),
    help="Folder whose project all of it belongs to; otherwise each session's own folder decides.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep what is learnt in this folder. With --score it must be empty or new.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after so many moments.")
@click.option(
    "--score",
    "score_file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Measure it against the baselines, and write the report there.",
)
@click.option(
    "--without-history", is_flag=True, help="Take each session as the first of its project: nothing is known before it."
)
@click.option("--verbose", is_flag=True, help="Show each moment, not only those at which something was said.")
@click.option("--quiet", is_flag=True, help="Show the summary only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    paths: tuple[Path, ...],
    project: Path | None,
    home: Path | None,
    limit: int | None,
    score_file: Path | None,
    without_history: bool,
    verbose: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Drive recorded sessions through the real gateway, in the order in which they happened.

    PATH is a transcript, a flat table of calls, or a folder of either. Each moment is decided on what was learnt
    before it and nothing else. It runs in a throw-away folder: your own lessons are neither used nor changed.
    """
    if without_history and (project or limit):
        raise click.UsageError("--without-history takes neither --project nor --limit")
    if score_file is not None:
        check_scorable(home, score_file)
    wish = Wish(
        paths, str(project or ""), home, limit, verbose, quiet or as_json, score_file is not None, not without_history
    )
    library = opened(wish.paths)
    if library.is_empty():
        raise click.ClickException(nothing_in(paths, library))
    outcome = run(lambda: replay(wish, library))
    assert outcome.score is not None
    if as_json:
        print_json(
            {
                "summary": {**asdict(outcome.score), "lessons": outcome.lessons, "seconds": round(outcome.seconds, 3)},
                "moments": [as_row(item) for item in outcome.noted if wish.verbose or item.advice],
                "unreadable": len(library.problems),
                **({"report": outcome.report} if outcome.report is not None else {}),
            }
        )
    else:
        tell(outcome, outcome.score)
        if outcome.report is not None:
            click.echo()
            tell_scores(outcome.report)
        if library.problems:
            warn(f"{count(len(library.problems), 'place')} could not be read, left out")
            click.echo("\n".join(f"  {printable(line)}" for line in told(library.problems)), err=True)
    # Behind what is shown: a disk that is full must not cost a long replay its figures.
    if score_file is not None:
        write(outcome.report, score_file)
        if not as_json:
            path_row("Report", score_file)


def check_scorable(home: Path | None, score_file: Path) -> None:
    """Sees before anything is played that what is measured can be trusted, and can be written.

    Raises:
        ClickException: when not.
    """
    if home is not None and home.is_dir() and any(home.iterdir()):
        raise click.ClickException(
            f"{home} is not empty, and a replay that is scored must start from nothing: what was learnt before would "
            "count as foreseen. Name a new folder, or leave --home out"
        )
    if not score_file.absolute().parent.is_dir():
        raise click.ClickException(f"there is no folder {score_file.parent} to write the report into; create it first")


def nothing_in(paths: Sequence[Path], library: Library) -> str:
    """Says that there is nothing to replay, what could be, and what is wrong with what was found."""
    where = ", ".join(map(str, paths))
    needed = ", ".join(sorted(Kind.CALLS.value))
    lines = [
        f"there is nothing to replay in {where}. What can be are transcripts of Claude Code, and tables of calls whose "
        f"rows have {needed}: .jsonl or .jsonl.gz files, and folders of them",
        *told(library.problems),
    ]
    return "\n  ".join(map(printable, lines))


def write(document: dict[str, Any] | None, file: Path) -> None:
    """Writes the report.

    Raises:
        ClickException: when it cannot be written.
    """
    try:
        file.write_text(json.dumps(document, indent=2) + "\n")
    except OSError as error:
        raise click.ClickException(f"the report could not be written to {file}: {error.strerror}") from error


async def replay(wish: Wish, library: Library) -> Outcome:
    """Replays, showing moments as they pass."""
    outcome = Outcome()
    observer, expected = (Observer(library.rows()) if wish.score else None), Foretold()
    async with (
        throwaway(wish.home, as_set=True) as connection,
        HookClient(connection, CLIENT) as client,
        watched(TelemetryServiceStub(connection.channels.to("telemetry"))) as decisions,
    ):
        if not await client.believes_time():
            raise click.ClickException(
                f"the Spark that is up in {wish.home} takes no other time than its own: stop it with `spark down`, "
                "or start it with `spark up --clock header`"
            )
        gateway = HooksServiceStub(connection.channels.to("gateway"))
        prefetch = PrefetchServiceStub(connection.channels.to("prefetch"))

        async def played_out(sessions: Iterable[str]) -> None:
            if observer is not None:
                await expected.ask(prefetch, sessions)

        playing = (
            play(islice(in_order(library.sources), wish.limit), client, gateway, wish.project)
            if wish.history
            else play_alone(library.sources, client, gateway, decisions, before_forgetting=played_out)
        )
        started = time.monotonic()
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,} moments, now at {task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress:
            task = progress.add_task("the beginning", total=None)
            async for played in playing:
                outcome.noted.append(note(played))
                if observer is not None:
                    observer.see(played)
                progress.update(task, advance=1, description=f"{played.hook.occurred_at:%Y-%m-%d %H:%M}")
                if not wish.quiet and (wish.verbose or played.reply.advice):
                    show(played)
        outcome.seconds = time.monotonic() - started
        recorded = await decisions.of([item.decision for item in outcome.noted if item.decision])
        outcome.score = score(outcome.noted, recorded)
        outcome.lessons = await lessons_by_kind(MemoryServiceStub(connection.channels.to("memory")))
        if wish.history:
            await played_out(sorted({item.session for item in outcome.noted}))
    if observer is not None:
        judged = observer.judged(recorded, library.pairs(), expected)
        outcome.report = report(judged, library, CLIENT, about_advice(), history=wish.history)
    return outcome


async def lessons_by_kind(memory: Any) -> dict[str, int]:
    """How many lessons of each kind are known."""
    found: Counter[str] = Counter()
    token = ""
    while True:
        page = await memory.ListLessons(memory_pb2.ListLessonsRequest(page_size=500, page_token=token))
        for lesson in page.lessons:
            found[lesson_pb2.LessonKind.Name(lesson.kind).removeprefix("LESSON_KIND_").lower()] += 1
        token = page.next_page_token
        if not token:
            return dict(found.most_common())


def show(played: Played) -> None:
    """One moment: when, what, by which route, how fast, and what was said."""
    stamp = played.hook.occurred_at.strftime("%Y-%m-%d %H:%M:%S")
    what = f"{played.tool} {played.subject}".strip()[:SUBJECT_CHARS]
    timing = f"{played.reply.milliseconds:.1f} ms"
    say(f"{stamp}  {short(played.session)}  {played.event}  {what}  [{played.route or 'no decision'}, {timing}]")
    for line in played.reply.advice.splitlines():
        say(line, "    | ", "    | ")


def tell(outcome: Outcome, figures: Score) -> None:
    """The summary in words."""
    say(
        f"{count(figures.moments, 'moment')} of {count(figures.sessions, 'session')} in {outcome.seconds:.1f} s; "
        f"something was said at {figures.said}."
    )
    if figures.refused:
        warn(f"{count(figures.refused, 'moment')} of these the gateway turned away")
    row("Said at", listed(figures.said_by_event))
    row("Routes", listed(figures.routes))
    row("Silences", listed(figures.silences))
    failures = figures.failures
    row(
        "Failures",
        f"{failures.all}, of which {failures.teaching} teach something and {failures.seen_before} had been seen "
        f"before; a fix was known for {failures.fix_known} of these, told at {failures.fix_told} and earlier in the "
        f"session at {failures.fix_told_ahead}",
    )
    row("Lessons", listed(outcome.lessons))
    row(
        "Latency",
        f"p50 {figures.p50_ms:.2f} ms, p95 {figures.p95_ms:.2f} ms, p99 {figures.p99_ms:.2f} ms, "
        f"slowest {figures.slowest_ms:.1f} ms",
    )


def listed(counts: dict[str, int]) -> str:
    """Counts in one line."""
    return ", ".join(f"{name} {number}" for name, number in counts.items()) or "none"
