"""`spark demo`: what Spark does, on a bundled recording, in a throw-away folder."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from statistics import median
from typing import Any

import click

from host.cli.layout import say
from host.cli.running import print_json, run
from host.recordings.hook_client import HookClient
from host.recordings.library import opened
from host.recordings.replay import Played, in_order, play
from host.recordings.score import FAILURE, as_row, note
from host.recordings.throwaway import throwaway
from host.recordings.transcripts import CLIENT
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub

CALLED = {"PostToolUse": "worked", FAILURE: "failed", "PostToolBatch": "refused"}
CALL_COLUMNS = 52


@dataclass(frozen=True)
class Verdict:
    """Whether the second session was advised as it should be."""

    at_failure: bool
    """It was told at a failure what had made it work before."""
    ahead: bool
    """It was warned before it made that call: on its prompt, or on an earlier result."""

    @property
    def problem(self) -> str:
        """What is missing; empty when nothing is."""
        if not self.at_failure:
            return "the second session was not told at its failure what made it work before"
        return "" if self.ahead else "the second session was not warned before it repeated the failure"


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(as_json: bool) -> None:
    """Replay two recorded sessions of one small repository through the real gateway, and show what the agent is told.

    It boots its own Postgres and NATS in a throw-away folder; nothing of yours is touched.
    """
    if not as_json:
        say(
            "Two recorded sessions of one small repository, replayed through the real gateway in a throw-away folder. "
            "The lines behind | are what Spark puts into the agent's context."
        )
    played = run(lambda: perform(show=not as_json))
    verdict = judge(played)
    if as_json:
        print_json({"moments": [as_row(note(item)) for item in played], "advised": not verdict.problem})
    else:
        conclude(played)
    if verdict.problem:
        raise click.ClickException(verdict.problem)


async def perform(*, show: bool) -> list[Played]:
    """Replays the bundled recording, showing it as it goes."""
    played: list[Played] = []
    with as_file(files("host.recordings") / "bundled") as folder:
        async with throwaway() as connection, HookClient(connection, CLIENT) as client:
            gateway = HooksServiceStub(connection.channels.to("gateway"))
            async for item in play(in_order(opened([folder]).sources), client, gateway):
                if show:
                    if item.session not in {other.session for other in played}:
                        introduce(item, first=not played)
                    show_moment(item)
                played.append(item)
    return played


def introduce(item: Played, *, first: bool) -> None:
    """The heading of a session."""
    day = item.hook.occurred_at.strftime("%Y-%m-%d")
    click.echo()
    say(f"{day}, first session: Spark watches and learns" if first else f"{day}, second session: Spark knows by now")


def show_moment(item: Played) -> None:
    """A prompt or a call as it came back, and what the agent was told at it."""
    if item.event == "UserPromptSubmit":
        say(item.subject, "  user     ")
    elif item.event in CALLED and item.subject:
        subject = item.subject if len(item.subject) <= CALL_COLUMNS else item.subject[: CALL_COLUMNS - 1] + "…"
        click.echo(f"  {item.tool:<8} {subject:<{CALL_COLUMNS}} {CALLED[item.event]}")
    if item.reply.advice:
        when = "before the call" if item.event == "PreToolUse" else "at once"
        say(f"Spark, {when}, in {item.reply.milliseconds:.1f} ms:", "           | ")
        for line in item.reply.advice.splitlines()[1:]:
            say(line, "           | ", "           | ")


def judge(played: list[Played]) -> Verdict:
    """Whether the last session was warned ahead and told at the failure."""
    second = [item for item in played if item.session == played[-1].session]
    failures = [number for number, item in enumerate(second) if item.event == FAILURE]
    told = [number for number in failures if second[number].reply.advice]
    warned = [item for item in second[: failures[0]] if item.reply.advice] if failures else []
    return Verdict(at_failure=bool(told), ahead=any(item.event != "PreToolUse" for item in warned))


def conclude(played: list[Played]) -> None:
    """Figures, and what to do next."""
    said: list[Any] = [item for item in played if item.reply.advice]
    middle = median(item.reply.milliseconds for item in played)
    click.echo()
    say(f"{len(played)} hooks, median {middle:.1f} ms; advice at {len(said)}, all of it learnt from the first session.")
    click.echo("Next, connect your agent:")
    click.echo("  .venv/bin/spark up --detach")
    click.echo("  .venv/bin/spark hooks install all")
