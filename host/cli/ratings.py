"""A user's word on an answer of `spark chat`: right, or wrong."""

from __future__ import annotations

import click
from grpc import StatusCode
from grpc.aio import AioRpcError

from host.cli.layout import say
from host.connection import Connection
from services.inference.calibration import AT_LEAST, OF_EACH
from spark.inference.v1 import inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub

RATINGS = {"right": True, "wrong": False}


async def rate(connection: Connection, answer_id: str, *, right: bool) -> inference_pb2.RateResponse:
    """Passes a word on.

    Raises:
        ClickException: when there is no such answer.
    """
    inference = InferenceServiceStub(connection.channels.to("inference"))
    try:
        return await inference.Rate(inference_pb2.RateRequest(answer_id=answer_id, right=right))
    except AioRpcError as error:
        if error.code() not in {StatusCode.NOT_FOUND, StatusCode.INVALID_ARGUMENT}:
            raise
        hint = "`spark chat --json` shows the answer_id of an answer"
        raise click.ClickException(f"no answer {answer_id} that a model gave; {hint}") from error


def show_rated(rated: inference_pb2.RateResponse, *, right: bool) -> None:
    """Prints what was taken, and what it is for."""
    word = "right" if right else "wrong"
    if rated.calibrated:
        say(f"Noted: {word}. {rated.outcomes} answers say what this model's confidence is worth.")
    elif rated.outcomes < AT_LEAST:
        say(f"Noted: {word}. {rated.outcomes} of {AT_LEAST} answers that are needed to weigh this model's confidence.")
    else:
        say(f"Noted: {word}. To weigh this model's confidence, {OF_EACH} right and {OF_EACH} wrong answers are needed.")
