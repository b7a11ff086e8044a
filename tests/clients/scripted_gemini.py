"""A scripted model that speaks the part of the Gemini API that Gemini CLI 0.61.0 uses: streamed answers, and whole ones
for requests of the client's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.clients.scripted_api import Heard, Json, ScriptedApi, server_sent
from tests.clients.scripted_model import Turn, say


class ScriptedGemini(ScriptedApi):
    """See ``ScriptedApi``. Gemini CLI appends what hooks add to the user's words or to the call's output."""

    said_on: ClassVar[str] = "user"
    said_after: ClassVar[str] = "output"

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/v1beta/models/{action:path}", self._generate, methods=["POST"])]

    def texts(self, body: Json) -> Iterable[Heard]:
        for content in body["contents"]:
            if content["role"] != "user":
                continue
            for part in content["parts"]:
                if "text" in part:
                    yield Heard("user", part["text"])
                for source, text in part.get("functionResponse", {}).get("response", {}).items():
                    yield Heard(source, str(text))

    async def _generate(self, request: Request) -> Response:
        body, action = await request.json(), request.path_params["action"]
        if action.endswith(":countTokens"):
            return JSONResponse({"totalTokens": 1000})
        # A request without tools is the client's own, such as one for a summary.
        answer = _answer(self.next_turn(body) if body.get("tools") else say("ok"))
        return server_sent([answer]) if action.endswith(":streamGenerateContent") else JSONResponse(answer)


def _answer(turn: Turn) -> Json:
    parts: list[Json] = [] if turn.text is None else [{"text": turn.text}]
    parts += [{"functionCall": {"name": one.name, "args": one.input, "id": one.id}} for one in turn.calls]
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        # The client adds token counts up and acts on them only near its context limit: any small number does.
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 20, "totalTokenCount": 1020},
        "modelVersion": "scripted",
        "responseId": uuid.uuid4().hex,
    }
