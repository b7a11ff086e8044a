"""Answers, words for advice and spend as the contract's messages."""

from __future__ import annotations

from services.inference.answers import Answer
from services.inference.spending import Spend
from services.inference.synthesis import Mode, Wording
from services.inference.wire import usage_of
from spark.inference.v1 import inference_pb2

MODES = {
    inference_pb2.SYNTHESIS_MODE_UNSPECIFIED: None,
    inference_pb2.SYNTHESIS_MODE_PROGRAMMATIC: Mode.PROGRAMMATIC,
    inference_pb2.SYNTHESIS_MODE_AUTO: Mode.AUTO,
    inference_pb2.SYNTHESIS_MODE_AI_ONLY: Mode.AI_ONLY,
}


def answered_message(answer: Answer, answer_id: str) -> inference_pb2.Answered:
    """The end of a reply."""
    return inference_pb2.Answered(
        text=answer.text,
        by=answer.by,
        confidence=answer.confidence,
        disagreement=answer.disagreement,
        risks=answer.risks,
        opinions=[
            inference_pb2.Opinion(specialist=view.by, text=view.answer, confidence=view.confidence, risk=view.risk)
            for view in answer.opinions
        ],
        without_engine=answer.without_engine,
        usage=usage_of(answer.spent),
        recalled=answer.recalled,
        answer_id=answer_id if answer.stated is not None else "",
        calibrated_by=answer.calibrated_by,
    )


def wording_message(words: Wording) -> inference_pb2.SynthesizeResponse:
    """Words for advice."""
    return inference_pb2.SynthesizeResponse(
        text=words.text,
        by_model=words.by_model,
        engine=words.engine,
        kept_because=words.kept_because,
        cached=words.cached,
        usage=usage_of(words.spent),
    )


def spend_message(spend: Spend) -> inference_pb2.GetSpendResponse:
    """What a day has cost."""
    return inference_pb2.GetSpendResponse(
        spent_micro_usd=spend.spent,
        reserved_micro_usd=spend.reserved,
        budget_micro_usd=spend.budget,
        calls=spend.calls,
        refused=spend.refused,
    )
