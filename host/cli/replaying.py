"""`spark replay`: recorded sessions through the real gateway, learning only from the past."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn

from host.cli.layout import count, row, say, short, warn
from host.cli.running import console, print_json, run
from host.recordings.decisions import watched
from host.recordings.hook_client import HookClient
from host.recordings.replay import Played, in_order, play
from host.recordings.score import Noted, Score, as_row, note, score
from host.recordings.throwaway import throwaway
from host.recordings.transcripts import CLIENT, Reader
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.memory.v1 import lesson_pb2, memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
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


@dataclass
class Outcome:
    """What a replay brought."""

    noted: list[Noted] = field(default_factory=list[Noted])
    score: Score | None = None
    lessons: dict[str, int] = field(default_factory=dict[str, int])
    seconds: float = 0.0


@click.command("replay")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="PATH...")
@click.option(
    "--project",
    type=click.Path(path_type=Path, resolve_path=True),
    help="Folder whose project all of it belongs to; otherwise each session's own folder decides.",
)
@click.option("--home", type=click.Path(path_type=Path), help="Keep what is learnt in this folder.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after so many moments.")
@click.option("--verbose", is_flag=True, help="Show each moment, not only those at which something was said.")
@click.option("--quiet", is_flag=True, help="Show the summary only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    paths: tuple[Path, ...],
    project: Path | None,
    home: Path | None,
    limit: int | None,
    verbose: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Drive recorded sessions through the real gateway, in the order in which they happened.

    Each moment is decided on what was learnt before it and nothing else. It runs in a throw-away folder: your own
    lessons are neither used nor changed.
    """
    wish = Wish(paths, str(project or ""), home, limit, verbose, quiet or as_json)
    reader = Reader()
    outcome = run(lambda: replay(wish, reader))
    assert outcome.score is not None
    if as_json:
        print_json(
            {
                "summary": {**asdict(outcome.score), "lessons": outcome.lessons, "seconds": round(outcome.seconds, 3)},
                "moments": [as_row(item) for item in outcome.noted if wish.verbose or item.advice],
                "unreadable": len(reader.problems),
            }
        )
        return
    tell(outcome, outcome.score)
    if reader.problems:
        warn(f"{count(len(reader.problems), 'place')} could not be read; `spark import` names them")


async def replay(wish: Wish, reader: Reader) -> Outcome:
    """Replays, showing moments as they pass."""
    outcome = Outcome()
    hooks = islice(in_order(reader, reader.find(wish.paths)), wish.limit)
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
        started = time.monotonic()
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,} moments, now at {task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress:
            task = progress.add_task("the beginning", total=None)
            async for played in play(hooks, client, gateway, wish.project):
                outcome.noted.append(note(played))
                progress.update(task, advance=1, description=f"{played.hook.occurred_at:%Y-%m-%d %H:%M}")
                if not wish.quiet and (wish.verbose or played.reply.advice):
                    show(played)
        outcome.seconds = time.monotonic() - started
        recorded = await decisions.of([item.decision for item in outcome.noted if item.decision])
        outcome.score = score(outcome.noted, recorded)
        outcome.lessons = await lessons_by_kind(MemoryServiceStub(connection.channels.to("memory")))
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
