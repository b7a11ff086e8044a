"""The rpc face of inference."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from chassis.calls import CallContext
from chassis.faults import Fault
from chassis.identifiers import new_ulid
from services.inference.answer_wire import MODES, answered_message, spend_message, wording_message
from services.inference.answers import DETERMINISTIC
from services.inference.chat import Chat
from services.inference.conversation import Conversation, reply_id
from services.inference.outcomes import Outcomes
from services.inference.pool import Pool
from services.inference.spending import Spending
from services.inference.synthesis import Synthesizer
from services.inference.wire import health_of, info_of, load_of, prompt_from, response_of
from spark.fault.v1 import reason_pb2
from spark.inference.v1 import generation_pb2, inference_pb2


class InferenceServicer:
    """Implements spark.inference.v1.InferenceService."""

    def __init__(
        self,
        pool: Pool,
        max_tokens: int,
        chat: Chat,
        conversation: Conversation,
        synthesizer: Synthesizer,
        spending: Spending,
        outcomes: Outcomes,
    ) -> None:
        self._pool = pool
        self._max_tokens = max_tokens
        self._chat = chat
        self._conversation = conversation
        self._synthesizer = synthesizer
        self._spending = spending
        self._outcomes = outcomes

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
        entry_id = request.entry_id or new_ulid()
        context = await self._conversation.context(request.session_id, request.text)
        await self._conversation.remember(request.session_id, entry_id, request.text, by_user=True)
        maps, answer_id, shown = await self._outcomes.maps(call.workspace_id), reply_id(entry_id), False
        try:
            async with aclosing(self._chat.answer(request.text, context, call.deadline, maps)) as events:
                async for event in events:
                    if isinstance(event, str):
                        shown = True
                        yield inference_pb2.ChatResponse(delta=generation_pb2.Delta(text=event))
                        continue
                    if event.by != DETERMINISTIC:
                        await self._conversation.remember(request.session_id, answer_id, event.text, by_user=False)
                    if event.stated is not None:
                        await self._outcomes.note(call.workspace_id, answer_id, event.stated)
                    yield inference_pb2.ChatResponse(answered=answered_message(event, answer_id))
        except Fault as fault:
            if not shown:
                raise
            reason = reason_pb2.Reason.Name(fault.reason)
            yield inference_pb2.ChatResponse(failed=generation_pb2.Failed(reason=reason, message=fault.message))

    async def Rate(self, request: inference_pb2.RateRequest, call: CallContext) -> inference_pb2.RateResponse:
        """Takes a user's word on an answer."""
        worth = await self._outcomes.rate(call.workspace_id, request.answer_id, right=request.right)
        return inference_pb2.RateResponse(outcomes=worth.outcomes, calibrated=worth.fitted)

    async def Synthesize(
        self, request: inference_pb2.SynthesizeRequest, call: CallContext
    ) -> inference_pb2.SynthesizeResponse:
        """Words advice from facts."""
        words = await self._synthesizer.words(
            request.text, request.facts, MODES[request.mode], request.max_chars, call.deadline
        )
        return wording_message(words)

    async def GetSpend(
        self, request: inference_pb2.GetSpendRequest, call: CallContext
    ) -> inference_pb2.GetSpendResponse:
        """Tells what hosted engines have cost today."""
        return spend_message(await self._spending.today(call.workspace_id))
