"""What a reply says, and what it came from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.quotation import bounded, quote
from services.inference.asking import RECALLED, Context, quoted
from services.inference.deliberation import Decision, View

VERDICT_CHARS = 40
DETERMINISTIC = "deterministic"


@dataclass
class Spent:
    """What voices took, all together."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    """Millionths of a US dollar."""
    counted: bool = True
    """Whether the engines counted all of it themselves."""


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
    spent: Spent = field(default_factory=Spent)
    recalled: int = 0


def without_engine(reason: str, context: Context, spent: Spent | None = None) -> Answer:
    """What can be said without a model: that there is none, and what was said earlier, in quotation marks."""
    text = f"This is no answer: no language model gave one ({bounded(reason, 200)})."
    earlier = quoted(context.recalled[:RECALLED])
    if earlier:
        text += f"\nSaid earlier in this conversation, and perhaps about it:\n{earlier}"
    return Answer(text, DETERMINISTIC, without_engine=reason, spent=spent or Spent(), recalled=len(context.recalled))


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
