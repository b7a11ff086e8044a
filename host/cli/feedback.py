"""`spark feedback`: a user's word on a piece of advice, or on an answer of `spark chat`."""

from __future__ import annotations

import click
from grpc import StatusCode
from grpc.aio import AioRpcError

from gateway.phrases import OUTCOMES, STAGES, VERDICTS, words_for
from host.cli.asking import as_json
from host.cli.layout import say
from host.cli.ratings import RATINGS, rate, show_rated
from host.cli.running import print_json, run
from host.connection import Connection, connected
from host.home import spark_home
from spark.gateway.v1.hooks_pb2 import GiveFeedbackRequest
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.packets.v1.advice_pb2 import GivenAdvice, ListAdviceRequest, Verdict
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub

BY_WORD: dict[str, Verdict.ValueType] = {word: Verdict.ValueType(number) for number, word in VERDICTS.items()}
LAST = "last"
SHORTEST = 4
"""The contract's own limit."""


@click.command("feedback")
@click.argument("advice", metavar="ID")
@click.argument("verdict", type=click.Choice([*BY_WORD, *RATINGS]))
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(advice: str, verdict: str, as_document: bool) -> None:
    """Say whether a piece of advice helped, or an answer was right; said again, the last word stands.

    ID is that of the advice as `spark explain` shows it, a beginning of it, or `last` for the newest that was given.
    What is not helpful or too noisy is not said again in its session.

    Of an answer of `spark chat`, ID is the `answer_id` that --json shows; it is right or wrong. From fifty answers on
    the model's confidence counts for what it was worth.
    """
    if verdict in RATINGS:
        run(lambda: rate_by_id(advice, right=RATINGS[verdict], as_document=as_document))
        return
    if advice != LAST and len(advice) < SHORTEST:
        raise click.UsageError(f"give at least {SHORTEST} letters of the id, or `{LAST}`")
    judged = run(lambda: give(advice, BY_WORD[verdict]))
    if as_document:
        print_json(as_json(judged))
    else:
        show(judged)


async def rate_by_id(answer_id: str, *, right: bool, as_document: bool) -> None:
    """Passes a word on an answer on, and shows what follows from it."""
    async with connected(spark_home()) as connection:
        rated = await rate(connection, answer_id, right=right)
    if as_document:
        print_json(as_json(rated))
    else:
        show_rated(rated, right=right)


async def give(advice: str, verdict: Verdict.ValueType) -> GivenAdvice:
    """Passes the word on; returns the advice as it stands now.

    Raises:
        ClickException: when there is no such advice.
    """
    async with connected(spark_home()) as connection:
        wanted = GiveFeedbackRequest(advice_id=await newest(connection) if advice == LAST else advice, verdict=verdict)
        try:
            return (await HooksServiceStub(connection.channels.to("gateway")).GiveFeedback(wanted)).advice
        except AioRpcError as error:
            if error.code() is not StatusCode.NOT_FOUND:
                raise
            raise click.ClickException(f"{error.details()}; `spark explain` shows what was said lately") from error


async def newest(connection: Connection) -> str:
    """The id of the newest advice that was given.

    Raises:
        ClickException: when none ever was.
    """
    packets = PacketsServiceStub(connection.channels.to("packets"))
    found = (await packets.ListAdvice(ListAdviceRequest(page_size=1))).advice
    if not found:
        raise click.ClickException("no advice was given yet; `spark explain` shows the last decisions, and why")
    return found[0].advice_id


def show(judged: GivenAdvice) -> None:
    """Prints what was judged, and what follows from it."""
    say(f"{VERDICTS[judged.verdict]}: {judged.text}")
    say(f"What became of it: {words_for(OUTCOMES, judged.state)}.")
    if judged.stage:
        say(f"It scores {judged.effectiveness_score:.2f} by now, {words_for(STAGES, judged.stage)}.")
