"""A user's word on advice over HTTP: `POST /v1/feedback`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.identity import Tokens
from gateway.body import Refused, json_object
from gateway.http_replies import answered
from spark.packets.v1 import advice_pb2

if TYPE_CHECKING:
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub

PATH = "/v1/feedback"

VERDICTS: Mapping[str, advice_pb2.Verdict.ValueType] = {
    "helpful": advice_pb2.VERDICT_HELPFUL,
    "not-helpful": advice_pb2.VERDICT_NOT_HELPFUL,
    "too-noisy": advice_pb2.VERDICT_TOO_NOISY,
}

WHERE_TO_LOOK = "`spark explain` shows what was said lately, each piece with its id"

SECONDS = 5.0


class FeedbackEndpoint:
    """Takes feedback over HTTP."""

    def __init__(self, packets: PacketsServiceAsyncStub, tokens: Tokens) -> None:
        self._packets = packets
        self._tokens = tokens

    @property
    def routes(self) -> list[Route]:
        """The routes to serve it by."""
        return [Route(PATH, self.post, methods=["POST"])]

    async def post(self, request: Request) -> Response:
        """Answers with the advice as it stands now, or with an error that says what is wrong."""

        async def judged() -> Message:
            return await self._packets.GiveFeedback(feedback_in(await json_object(request)), timeout=SECONDS)

        return await answered(request, PATH, self._tokens, judged, not_found=f"; {WHERE_TO_LOOK}")


def feedback_in(body: Mapping[str, object]) -> advice_pb2.GiveFeedbackRequest:
    """What a body asks for.

    Raises:
        Refused: 400 when it lacks an id or a word that is known.
    """
    advice_id, verdict = body.get("advice_id"), body.get("verdict")
    if not isinstance(advice_id, str) or not 4 <= len(advice_id) <= 40:
        message = (
            f"advice_id must be the id of a piece of advice, or at least 4 letters of its beginning; {WHERE_TO_LOOK}"
        )
        raise Refused(400, "INVALID_ARGUMENT", message)
    if not isinstance(verdict, str) or verdict not in VERDICTS:
        raise Refused(400, "INVALID_ARGUMENT", f"verdict must be one of {', '.join(VERDICTS)}")
    return advice_pb2.GiveFeedbackRequest(advice_id=advice_id, verdict=VERDICTS[verdict])
