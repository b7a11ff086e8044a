"""The rpc face of inference."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from chassis.calls import CallContext
from chassis.faults import Unsupported
from services.inference.pool import Pool
from services.inference.wire import health_of, info_of, load_of, prompt_from, response_of
from spark.inference.v1 import generation_pb2, inference_pb2


class InferenceServicer:
    """Implements spark.inference.v1.InferenceService."""

    def __init__(self, pool: Pool, max_tokens: int) -> None:
        self._pool = pool
        self._max_tokens = max_tokens

    async def Generate(
        self, request: generation_pb2.GenerateRequest, call: CallContext
    ) -> AsyncGenerator[generation_pb2.GenerateResponse]:
        """Streams one completion."""
        prompt = prompt_from(request, self._max_tokens)
        async with aclosing(self._pool.generate(prompt, request.engine, call.deadline)) as events:
            async for event in events:
                yield response_of(event)

    async def Abort(self, request: inference_pb2.AbortRequest, call: CallContext) -> inference_pb2.AbortResponse:
        """Ends a generation."""
        self._pool.abort(request.request_id)
        return inference_pb2.AbortResponse()

    async def GetHealth(
        self, request: inference_pb2.GetHealthRequest, call: CallContext
    ) -> inference_pb2.GetHealthResponse:
        """Tells where each engine stands."""
        return inference_pb2.GetHealthResponse(engines=[health_of(kept) for kept in self._pool.kept])

    async def GetModelInfo(
        self, request: inference_pb2.GetModelInfoRequest, call: CallContext
    ) -> inference_pb2.GetModelInfoResponse:
        """Tells which models there are."""
        return inference_pb2.GetModelInfoResponse(models=[info_of(kept) for kept in self._pool.kept])

    async def GetLoad(self, request: inference_pb2.GetLoadRequest, call: CallContext) -> inference_pb2.GetLoadResponse:
        """Tells what the engines have to do."""
        return inference_pb2.GetLoadResponse(engines=[load_of(kept) for kept in self._pool.kept])

    async def Chat(
        self, request: inference_pb2.ChatRequest, call: CallContext
    ) -> AsyncGenerator[inference_pb2.ChatResponse]:
        """Answers in a conversation."""
        raise Unsupported("answers in a conversation are not served here yet", capability="chat")
        yield

    async def Synthesize(
        self, request: inference_pb2.SynthesizeRequest, call: CallContext
    ) -> inference_pb2.SynthesizeResponse:
        """Words advice from facts."""
        raise Unsupported("wording of advice is not served here yet", capability="synthesis")

    async def GetSpend(
        self, request: inference_pb2.GetSpendRequest, call: CallContext
    ) -> inference_pb2.GetSpendResponse:
        """Tells what hosted engines have cost today."""
        raise Unsupported("spend is not counted here yet", capability="spend")
