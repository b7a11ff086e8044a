"""`spark forget`: erases a session or a project."""

from __future__ import annotations

from pathlib import Path

import click

from host.cli.asking import as_json, project_of
from host.cli.layout import count, say, wrapped
from host.cli.running import print_json, run
from host.connection import Connection, connected
from host.home import spark_home
from spark.gateway.v1.hooks_pb2 import ForgetRequest, ForgetResponse
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.memory.v1.conversation_pb2 import ListEntriesRequest
from spark.memory.v1.memory_pb2 import ListLessonsRequest
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.telemetry.v1 import telemetry_pb2
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from spark.telemetry.v1.windows_pb2 import SummarizeRequest

PATIENCE_SECONDS = 60.0
"""A project of many months takes longer than a call usually may."""

SESSION_CHARS = 200
"""What the contract takes of a session's id; there is no longer one."""


@click.command("forget")
@click.option("--session", metavar="ID", help="The agent's id of a session, in full.")
@click.option("--project", type=click.Path(path_type=Path, resolve_path=True), help="A folder of the project.")
@click.option("--project-id", metavar="ID", help="The id of a project, as `spark lessons` shows it.")
@click.option("--telemetry", "seen", is_flag=True, help="All that telemetry keeps, of all projects; lessons stay.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(
    session: str | None, project: Path | None, project_id: str | None, seen: bool, yes: bool, as_document: bool
) -> None:
    """Erase all that Spark keeps of a session or a project. The agent's own transcripts stay."""
    given = [value for value in (session, project, project_id, seen or None) if value is not None]
    if len(given) != 1 or not str(given[0]):
        raise click.UsageError("name one of --session ID, --project DIR, --project-id ID, --telemetry")
    if seen:
        erased = run(lambda: forget_seen(yes))
        if as_document:
            print_json({"decisions": erased})
        else:
            say(f"Erased all that telemetry kept, {count(erased, 'decision')} among it.")
        return
    gone, subject = run(lambda: forget(session, project, project_id, yes))
    if as_document:
        print_json(as_json(gone))
    elif any((gone.moments, gone.lessons, gone.packets, gone.decisions, gone.entries)):
        counted = {
            "moment": gone.moments,
            "lesson": gone.lessons,
            "prepared piece": gone.packets,
            "decision": gone.decisions,
            "remark": gone.entries,
        }
        say(f"Erased of {subject}: {', '.join(count(number, name) for name, number in counted.items() if number)}.")
    else:
        say(f"Nothing was there of {subject}.")


async def forget(
    session: str | None, folder: Path | None, project_id: str | None, yes: bool
) -> tuple[ForgetResponse, str]:
    """Asks where it must, and erases; returns what went, and of what."""
    async with connected(spark_home()) as connection:
        if folder is not None:
            found = await project_of(connection, folder)
            request, subject = ForgetRequest(project_id=found.project_id), f"project {found.root} ({found.project_id})"
        elif session is not None:
            request, subject = ForgetRequest(session_id=session), f"session {session}"
        else:
            request, subject = ForgetRequest(project_id=project_id or ""), f"project {project_id}"
        if not yes:
            question = wrapped(f"{await will_go(connection, request)} of {subject} will be erased for good. Erase?")
            require_consent(question)
        hooks = HooksServiceStub(connection.channels.to("gateway"))
        return await hooks.Forget(request, timeout=PATIENCE_SECONDS), subject


async def forget_seen(yes: bool) -> int:
    """Asks where it must, and erases all that telemetry keeps; returns how many decisions went."""
    async with connected(spark_home()) as connection:
        telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
        if not yes:
            kept = count((await telemetry.Summarize(SummarizeRequest())).decisions, "decision")
            require_consent(wrapped(f"{kept} and all other figures of all projects will be erased for good. Erase?"))
        # What is still on its way would come after.
        await telemetry.AwaitRecorded(telemetry_pb2.AwaitRecordedRequest(), timeout=PATIENCE_SECONDS)
        request = telemetry_pb2.ForgetRequest(whole_workspace=True)
        return (await telemetry.Forget(request, timeout=PATIENCE_SECONDS)).erased


def require_consent(question: str) -> None:
    """Asks on standard error, so that standard output stays a document.

    Raises:
        ClickException: when the answer is no, or nobody is there to give one.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        agreed = False
    if not agreed:
        raise click.ClickException("nothing was erased; --yes erases without asking")


async def will_go(connection: Connection, request: ForgetRequest) -> str:
    """What there is to lose."""
    telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
    counted = await telemetry.Summarize(SummarizeRequest(session_id=request.session_id, project_id=request.project_id))
    decisions = count(counted.decisions, "decision")
    memory = MemoryServiceStub(connection.channels.to("memory"))
    if request.session_id:
        wanted = ListEntriesRequest(session_id=request.session_id[:SESSION_CHARS], include_archived=True, page_size=1)
        said = count((await memory.ListEntries(wanted)).total, "remark")
        return f"{said}, {decisions}, all moments, and the lessons that rest on them alone"
    page = await memory.ListLessons(
        ListLessonsRequest(project_id=request.project_id, include_retired=True, page_size=1)
    )
    return f"{count(page.total, 'lesson')}, {decisions} and all moments"
