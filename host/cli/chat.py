"""`spark chat`: asks in a conversation that is remembered."""

from __future__ import annotations

import sys
from contextlib import aclosing

import click

from chassis.calls import replies
from chassis.identifiers import new_ulid
from host.cli.asking import as_json
from host.cli.layout import printable, say
from host.cli.ratings import RATINGS, rate, show_rated
from host.cli.running import print_json, run
from host.connection import Connection, connected
from host.home import spark_home
from spark.gateway.v1.hooks_pb2 import ChatRequest
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.inference.v1 import inference_pb2

WITHOUT_ENGINE = "No model answered: {why}. docs/inference.md says how to give Spark an engine."
ENDS = frozenset({"exit", "quit"})
WORDS_ON_ANSWERS = {f"/{word}": right for word, right in RATINGS.items()}


@click.command("chat")
@click.argument("words", nargs=-1)
@click.option("--session", default="terminal", show_default=True, help="Which conversation; others know nothing of it.")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(words: tuple[str, ...], session: str, as_document: bool) -> None:
    """Ask, in a conversation that Spark remembers: its words, or line by line from standard input.

    A small model answers first, a council of specialists where it is unsure; without an engine Spark says so.
    `/right` and `/wrong` on a line of their own rate the answer before it: so its confidence comes to mean something.
    `spark forget --session NAME` erases the conversation.
    """
    text = " ".join(words).strip()
    if not text and as_document:
        text = sys.stdin.read().strip()
        if not text:
            raise click.UsageError("say something: spark chat WORDS…, or on standard input")
    run(lambda: once(session, text, as_document=as_document) if text else conversation(session))


async def once(session: str, text: str, *, as_document: bool) -> None:
    """Asks once and shows the answer."""
    async with connected(spark_home()) as connection:
        await exchange(connection, session, text, as_document=as_document)


async def conversation(session: str) -> None:
    """Asks line after line until the end of the input."""
    async with connected(spark_home()) as connection:
        answer_id = ""
        while text := said():
            if text not in WORDS_ON_ANSWERS:
                answer_id = await exchange(connection, session, text, as_document=False)
            elif answer_id:
                right = WORDS_ON_ANSWERS[text]
                show_rated(await rate(connection, answer_id, right=right), right=right)
            else:
                say("There is no answer of a model to rate.")


def said() -> str:
    """The next line that says something; empty at the end."""
    while True:
        if sys.stdin.isatty():
            click.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line or line.strip().lower() in ENDS:
            return ""
        if line.strip():
            return line.strip()


async def exchange(connection: Connection, session: str, text: str, *, as_document: bool) -> str:
    """One question and its answer, shown as it comes. Returns the id by which it can be rated; empty where it cannot.

    Raises:
        ClickException: when it broke off.
    """
    gateway = HooksServiceStub(connection.channels.to("gateway"))
    asked = inference_pb2.ChatRequest(session_id=session, text=text, entry_id=new_ulid())
    shown = answer_id = ""
    async with aclosing(replies(gateway.Chat(ChatRequest(chat=asked)))) as events:
        async for response in events:
            event = response.event
            if event.HasField("delta") and not as_document:
                shown += event.delta.text
                click.echo(printable_lines(event.delta.text), nl=False)
            elif event.HasField("failed"):
                raise click.ClickException(event.failed.message)
            elif event.HasField("answered"):
                answer_id = event.answered.answer_id
                if as_document:
                    print_json(as_json(event.answered))
                else:
                    conclude(event.answered, shown)
    return answer_id


def conclude(answered: inference_pb2.Answered, shown: str) -> None:
    """Shows what of the answer was not shown yet, and whose it is."""
    if shown:
        click.echo()
    if answered.text.strip() != shown.strip():
        click.echo(printable_lines(answered.text))
    if answered.without_engine:
        say(WITHOUT_ENGINE.format(why=answered.without_engine))
        return
    by = f" by {answered.calibrated_by} rated answers" if answered.calibrated_by else ""
    sure = f"{answered.by.replace('_', '-')}, {answered.confidence:.0%} sure{by}"
    say(f"({sure}{', the voices disagree' if answered.disagreement else ''}; recalled {answered.recalled})")
    for risk in answered.risks:
        say(f"Risk: {risk}", rest="  ")


def printable_lines(text: str) -> str:
    """Text for the terminal, its lines kept."""
    return "\n".join(printable(line) for line in text.split("\n"))
