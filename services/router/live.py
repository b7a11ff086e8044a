"""The live route: where no packet is there, a model words what another source says, if there is time for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc.aio import AioRpcError

from chassis.calls import CallContext
from chassis.quotation import code, quote
from services.router.gate import Source, label_of
from spark.inference.v1 import inference_pb2
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

if TYPE_CHECKING:
    from spark.inference.v1.inference_pb2_grpc import InferenceServiceAsyncStub

SHARE = 0.8
"""Share of the time left that a model may take; in the rest the reply goes out."""
FACT_CHARS = 400
PROGRAMMATIC = "synthesizer.mode is programmatic"


class Live:
    """Asks a model. `needs_s` is the time that must be left for it, in seconds."""

    def __init__(self, inference: InferenceServiceAsyncStub, needs_s: float, max_chars: int) -> None:
        self._inference = inference
        self._needs_s = needs_s
        self._max_chars = max_chars

    async def word(self, decision: router_pb2.Decision, moment: moment_pb2.Moment, call: CallContext) -> None:
        """Puts a model's words into a decision of one piece that no packet made, and its route; or else why not. What
        was said stays as the source said it, and its words stand where a model's do not."""
        decision.live_unavailable = self._hindrance(decision, call)
        if decision.live_unavailable:
            return
        left = call.remaining()
        label = label_of([Source(decision.said[0].source)])
        asked = inference_pb2.SynthesizeRequest(
            text=decision.text.removeprefix(label),
            facts=facts_of(moment),
            max_chars=self._max_chars - len(label),
        )
        try:
            words = await self._inference.Synthesize(asked, timeout=None if left is None else SHARE * left)
        except AioRpcError as error:
            decision.live_unavailable = error.details() or error.code().name.lower()
            return
        if words.by_model:
            decision.text, decision.route = f"{label}{words.text}", router_pb2.ROUTE_LIVE
        else:
            decision.live_unavailable = words.kept_because or PROGRAMMATIC

    def _hindrance(self, decision: router_pb2.Decision, call: CallContext) -> str:
        if decision.route != router_pb2.ROUTE_DETERMINISTIC:
            return "packets answer"
        if not decision.text:
            return "nothing to word"
        if len(decision.said) > 1:
            # A model that leaves one of them out would have it counted as told.
            return "several pieces are said"
        left = call.remaining()
        if left is not None and left < self._needs_s:
            return f"needs {self._needs_s:.1f} s, {left:.2f} s left"
        return ""


def facts_of(moment: moment_pb2.Moment) -> list[str]:
    """What a model's words may rest on beside the piece itself: the call, and how it failed, quoted."""
    facts: list[str] = []
    if moment.call.target:
        how = " failed." if moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED else ""
        facts.append(f"{code(moment.call.target, FACT_CHARS)}{how}")
    if moment.outcome.error:
        facts.append(f"It printed {quote(moment.outcome.error, FACT_CHARS)}")
    return facts
