"""What a reply says, and what it came from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.quotation import bounded, quote
from services.inference.asking import RECALLED, Context, quoted
from services.inference.deliberation import Decision, View
from services.inference.model import Usage
from services.inference.outcomes import Stated

VERDICT_CHARS = 40
DETERMINISTIC = "deterministic"
NOTHING = Usage(counted_by_engine=True)
"""What is taken where no engine is asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a reply. `by` is agent_0, council or deterministic."""

    text: str
    by: str
    confidence: float = 0.0
    disagreement: bool = False
    risks: tuple[str, ...] = ()
    opinions: tuple[View, ...] = ()
    without_engine: str = ""
    """Why no engine answered; empty where one did."""
    spent: Usage = NOTHING
    """What its voices took, all together; counted by the engines where they counted all of it."""
    recalled: int = 0
    stated: Stated | None = None
    """How sure Agent-0 was by its own word; None where it did not say."""
    calibrated_by: int = 0
    """Outcomes by which that was mapped; 0 where it counts as stated."""


def without_engine(reason: str, context: Context, spent: Usage = NOTHING) -> Answer:
    """What can be said without a model: that there is none, and what was said earlier, in quotation marks."""
    text = f"This is no answer: no language model gave one ({bounded(reason, 200)})."
    earlier = quoted(context.recalled[:RECALLED])
    if earlier:
        text += f"\nSaid earlier in this conversation, and perhaps about it:\n{earlier}"
    return Answer(text, DETERMINISTIC, without_engine=reason, spent=spent, recalled=len(context.recalled))


def told(decision: Decision) -> str:
    """The council's words: the answer that won, who contradicts, and the risks that were named."""
    lines = [decision.answer]
    if decision.disagreement:
        camps = "; ".join(f"{listed(by)}: {quote(verdict, VERDICT_CHARS)}" for verdict, by in decision.camps)
        lines.append(f"The voices do not agree ({camps}).")
    lines += [f"Risk that was named: {risk}" for risk in decision.risks]
    return "\n".join(lines)


def listed(names: Sequence[str]) -> str:
    """Names in a row."""
    return ", ".join(names)
