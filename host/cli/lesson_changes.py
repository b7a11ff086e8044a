"""`spark lessons revise`, `retire` and `restore`: what a user has to say of a lesson."""

from __future__ import annotations

from collections.abc import AsyncIterator

import click

from gateway.redaction import redact_text
from host.cli.asking import as_json
from host.cli.layout import say, warn
from host.cli.running import print_json, run
from host.connection import Connection, connected
from host.home import spark_home
from spark.memory.v1.lesson_pb2 import LESSON_STATE_ACTIVE, Lesson
from spark.memory.v1.memory_pb2 import ListLessonsRequest, RetireLessonRequest, ReviseLessonRequest
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub

PAGE = 500
TEXT_CHARS = 500
"""The contract's own limits."""
SHORTEST, WHOLE = 4, 32
"""Letters of an id: enough to look it up by, and all of them."""

as_document = click.option("--json", "as_document", is_flag=True, help="One JSON document.")
lesson_id = click.argument("lesson", metavar="ID")


@click.command("revise", context_settings={"ignore_unknown_options": True})
@lesson_id
@click.argument("text", metavar="TEXT...", nargs=-1)
@click.option("--take-back", is_flag=True, help="Let it say again what was learnt.")
@as_document
def revise(lesson: str, text: tuple[str, ...], take_back: bool, as_document: bool) -> None:
    """Put your own words in place of a lesson's. What is learnt from now on changes its counts, and not your words."""
    words = " ".join(text).strip()
    if bool(words) == take_back:
        raise click.UsageError("say what it is to say, or --take-back")
    clean = redact_text(words)
    if len(clean) > TEXT_CHARS:
        raise click.UsageError(f"that is over {TEXT_CHARS} characters")
    changed = run(lambda: revised(lesson, clean))
    if clean != words:
        warn("what looks like a secret was taken out of it.")
    if as_document:
        print_json(as_json(changed))
    else:
        say(f"It says now: {changed.text}")
        tell_state(changed)


@click.command("retire")
@lesson_id
@as_document
def retire(lesson: str, as_document: bool) -> None:
    """Take a lesson out of use for good: learning brings it back no more."""
    changed = run(lambda: retired(lesson, restore=False))
    if as_document:
        print_json(as_json(changed))
    else:
        say(f"It is not said any more: {changed.text}")


@click.command("restore")
@lesson_id
@as_document
def restore(lesson: str, as_document: bool) -> None:
    """Take a lesson that you retired back into use."""
    changed = run(lambda: retired(lesson, restore=True))
    if as_document:
        print_json(as_json(changed))
    elif changed.state == LESSON_STATE_ACTIVE:
        say(f"It is said again: {changed.text}")
    else:
        tell_state(changed)


def tell_state(lesson: Lesson) -> None:
    """Says so where a lesson is not in use."""
    if lesson.state != LESSON_STATE_ACTIVE:
        say(f"It is not in use: {lesson.retired_reason or 'no reason was noted'}.")


async def revised(named: str, text: str) -> Lesson:
    """Passes a user's words on; returns the lesson as it stands now."""
    async with connected(spark_home()) as connection:
        wanted = ReviseLessonRequest(lesson_id=await whole_id(connection, named), text=text)
        return (await MemoryServiceStub(connection.channels.to("memory")).ReviseLesson(wanted)).lesson


async def retired(named: str, *, restore: bool) -> Lesson:
    """Takes a lesson out of use or back; returns it as it stands now."""
    async with connected(spark_home()) as connection:
        wanted = RetireLessonRequest(lesson_id=await whole_id(connection, named), restore=restore)
        return (await MemoryServiceStub(connection.channels.to("memory")).RetireLesson(wanted)).lesson


async def whole_id(connection: Connection, named: str) -> str:
    """The id of the one lesson, of any project, whose id begins so.

    Raises:
        ClickException: when there is none, or several.
    """
    begins = named.lower()
    if not SHORTEST <= len(begins) <= WHOLE:
        raise click.ClickException(f"give at least {SHORTEST} letters of the lesson's id; `spark lessons` shows them")
    found = [lesson async for lesson in lessons(connection) if lesson.lesson_id.startswith(begins)]
    if not found:
        raise click.ClickException(f"no lesson has the id {named}; `spark lessons --all --retired` shows them all")
    if len(found) > 1:
        fits = " and ".join(lesson.lesson_id for lesson in found[:2])
        raise click.ClickException(f"several lessons have an id like {named}, {fits} among them: give more of it")
    return found[0].lesson_id


async def lessons(connection: Connection) -> AsyncIterator[Lesson]:
    """All lessons of all projects, also those that are retired."""
    memory, token = MemoryServiceStub(connection.channels.to("memory")), ""
    while True:
        page = await memory.ListLessons(ListLessonsRequest(include_retired=True, page_size=PAGE, page_token=token))
        for lesson in page.lessons:
            yield lesson
        token = page.next_page_token
        if not token:
            return
