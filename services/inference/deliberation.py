"""What a council of voices comes to. Pure.

Each voice gives an answer, a verdict of a few words that can be compared, and how sure it is. The verdict with the
most confidence behind it wins (self-consistency, Wang et al. 2022, weighted by stated confidence as in Taubenfeld et
al. 2025), and of the voices that gave it the surest one's answer is taken. Words are compared, not meanings: two voices
that say the same in other words count as two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.quotation import bounded

RISK_CHARS = 160
FILLERS = frozenset("a an the it is its it's that this was be to of in on at for by with and or".split())  # noqa: SIM905
ABSTENTIONS = frozenset({"", "unsure", "unknown", "not sure", "do not know", "don't know", "unclear", "depends"})
NEGATIONS = frozenset({"no", "not", "never", "none", "cannot", "can't", "don't", "isn't", "false"})
WORDS = re.compile(r"[^\W_]+(?:[.'][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class View:
    """What one voice said; `confidence` is the one that counts, 0 to 1."""

    by: str
    answer: str
    confidence: float
    verdict: str = ""
    risk: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the council says."""

    answer: str
    confidence: float
    """The confidence of those who agree with it, shared among all: who says nothing to the point counts as 0."""
    disagreement: bool
    risks: tuple[str, ...]
    camps: tuple[tuple[str, tuple[str, ...]], ...]
    """Each verdict with those who gave it, the winning one first; abstentions are in none."""


def decide(views: Sequence[View]) -> Decision | None:
    """What these voices come to; None where none of them said anything."""
    heard = [view for view in views if view.answer.strip()]
    if not heard:
        return None
    camps: list[list[View]] = []
    for view in heard:
        if abstains(view.verdict):
            continue
        agreeing = (camp for camp in camps if all(same(view.verdict, other.verdict) for other in camp))
        camp = next(agreeing, None)
        if camp is None:
            camps.append([view])
        else:
            camp.append(view)
    # Python's sort keeps the order of equals: who was heard first goes before.
    camps.sort(key=lambda camp: (-weight(camp), -len(camp)))
    won = camps[0] if camps else heard
    best = max(won, key=lambda view: view.confidence)
    return Decision(
        answer=best.answer.strip(),
        confidence=weight(won if camps else [best]) / len(heard),
        disagreement=len(camps) > 1,
        risks=risks_of(heard),
        camps=tuple((camp[0].verdict.strip(), tuple(view.by for view in camp)) for camp in camps),
    )


def weight(camp: Sequence[View]) -> float:
    """The confidence behind a verdict."""
    return sum(view.confidence for view in camp)


def risks_of(views: Sequence[View]) -> tuple[str, ...]:
    """The risks that voices named, in their own words, each once."""
    found: dict[str, str] = {}
    for view in views:
        risk = bounded(view.risk, RISK_CHARS)
        if risk:
            found.setdefault(" ".join(words_of(risk)) or risk, risk)
    return tuple(found.values())


def abstains(verdict: str) -> bool:
    """Whether a verdict is none."""
    return " ".join(WORDS.findall(verdict.casefold())) in ABSTENTIONS


def same(one: str, other: str) -> bool:
    """Whether two verdicts say the same, as far as their words tell: one's words are all among the other's, and neither
    denies what the other does not, nor names another number."""
    first, second = set(words_of(one)), set(words_of(other))
    if bool(first & NEGATIONS) != bool(second & NEGATIONS) or numbers(first) != numbers(second):
        return False
    return first <= second or second <= first if first and second else one.strip() == other.strip()


def words_of(text: str) -> list[str]:
    """The words of a text that carry it."""
    return [word for word in WORDS.findall(text.casefold()) if word not in FILLERS]


def numbers(words: set[str]) -> set[str]:
    """The words that are numbers."""
    return {word for word in words if word[0].isdigit()}
