"""`spark lessons`: what has been learnt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import click

from gateway.phrases import LESSONS, words_for
from host.cli.asking import as_json, project_of
from host.cli.layout import ago, count, say, short, times
from host.cli.lesson_changes import restore, retire, revise
from host.cli.running import print_json, run
from host.connection import Connection, connected
from host.home import spark_home
from spark.gateway.v1.hooks_pb2 import ResolveProjectResponse
from spark.memory.v1 import lesson_pb2
from spark.memory.v1.memory_pb2 import ListLessonsRequest
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub

PAGE = 500
"""The contract's own limit."""


@dataclass(frozen=True)
class Learnt:
    """Lessons, newest first, and how many there are beyond those."""

    project: ResolveProjectResponse | None
    """None for all projects."""
    lessons: list[lesson_pb2.Lesson]
    total: int
    elsewhere: int
    """Lessons of all projects, counted only where this one has none."""


@click.group("lessons", invoke_without_command=True)
@click.option(
    "--project",
    type=click.Path(path_type=Path, resolve_path=True),
    help="A folder of the project, else the current one.",
)
@click.option("--all", "everywhere", is_flag=True, help="Of all projects.")
@click.option("--retired", is_flag=True, help="Also those that something has since spoken against.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
@click.pass_context
def command(
    context: click.Context, project: Path | None, everywhere: bool, retired: bool, limit: int, as_document: bool
) -> None:
    """Show what has been learnt in this project, newest first, and from what; or change a lesson."""
    if context.invoked_subcommand is not None:
        return
    if project is not None and everywhere:
        raise click.UsageError("--project and --all exclude each other")
    learnt = run(lambda: ask(None if everywhere else project or Path.cwd(), retired, limit))
    if as_document:
        where = as_json(learnt.project) if learnt.project else None
        lessons = [as_json(lesson) for lesson in learnt.lessons]
        print_json({"project": where, "total": learnt.total, "lessons": lessons})
    elif learnt.lessons:
        show(learnt)
    else:
        explain_nothing(learnt)


for change in (revise, retire, restore):
    command.add_command(change)


async def ask(folder: Path | None, retired: bool, limit: int) -> Learnt:
    """Reads page by page up to the limit."""
    async with connected(spark_home()) as connection:
        project = None if folder is None else await project_of(connection, folder)
        project_id = project.project_id if project else ""
        lessons, total = await listed(connection, project_id, retired, limit)
        elsewhere = 0 if lessons or not project else (await listed(connection, "", False, 1))[1]
        return Learnt(project, lessons, total, elsewhere)


async def listed(
    connection: Connection, project_id: str, retired: bool, limit: int
) -> tuple[list[lesson_pb2.Lesson], int]:
    """The newest lessons, at most `limit`, and how many there are in all."""
    memory = MemoryServiceStub(connection.channels.to("memory"))
    lessons: list[lesson_pb2.Lesson] = []
    total, token = None, ""
    while total is None or (token and len(lessons) < limit):
        page = await memory.ListLessons(
            ListLessonsRequest(
                project_id=project_id,
                include_retired=retired,
                page_size=min(limit - len(lessons), PAGE),
                page_token=token,
            )
        )
        lessons.extend(page.lessons)
        total = page.total if total is None else total
        token = page.next_page_token
    return lessons, total


def show(learnt: Learnt) -> None:
    """Prints lessons."""
    if learnt.project is not None:
        say(f"{count(learnt.total, 'lesson')} of {named(learnt.project)}")
    else:
        say(f"{count(learnt.total, 'lesson')} of all projects")
    for lesson in learnt.lessons:
        click.echo()
        show_lesson(lesson, with_project=learnt.project is None)
    if len(learnt.lessons) < learnt.total:
        click.echo()
        say(f"{len(learnt.lessons)} of {learnt.total} shown; `--limit N` shows more.")


def show_lesson(lesson: lesson_pb2.Lesson, *, with_project: bool) -> None:
    """Prints one lesson with its provenance."""
    source = lesson.provenance
    kind = words_for(LESSONS, lesson.kind)
    place = f", project {lesson.project_id}" if with_project else ""
    own = ", in your words" if lesson.revised else ""
    say(f"{short(lesson.lesson_id)}  {kind}, confidence {lesson.confidence:.2f}{own}{place}")
    say(lesson.text, "  ")
    worked = f", fix seen to work {times(source.fixes)}" if source.fixes else ""
    say(f"seen {times(source.occurrences)}, last {ago(source.last_seen.ToDatetime(UTC))}{worked}", "  ")
    if source.session_ids:
        earlier = len(source.session_ids) - 1
        say(f"session {source.session_ids[-1]}{f' and {earlier} earlier' if earlier else ''}", "  ")
    if source.tool_use_ids:
        earlier = len(source.tool_use_ids) - 1
        say(f"call {source.tool_use_ids[-1]}{f' and {earlier} earlier' if earlier else ''}", "  ")
    if lesson.state == lesson_pb2.LESSON_STATE_RETIRED:
        say(f"retired: {lesson.retired_reason or 'no reason was noted'}", "  ")


def explain_nothing(learnt: Learnt) -> None:
    """Says that there is nothing, and what makes something."""
    say(f"Nothing has been learnt yet{f' in {named(learnt.project)}' if learnt.project else ''}.")
    say("Lessons come from work with the agent, once it is connected, or out of the sessions you already had:")
    say("spark hooks install all", "  ")
    say("spark import", "  ")
    if learnt.elsewhere:
        say(f"Other projects have {count(learnt.elsewhere, 'lesson')}: `spark lessons --all`.")


def named(project: ResolveProjectResponse) -> str:
    """A project as its user knows it."""
    origin = f", {project.remote}" if project.remote else ""
    return f"project {project.root} ({project.project_id}{origin})"
