"""What a prompt is about, by its words and where they stand: no model, no I/O, the same answer for the same text.

What the author says counts in full where a request is put, at the beginning and the end, and more where it opens the
sentence; what is only shown counts for a quarter; what is denied hardly at all. One family must be ahead of all others
by a margin, else the prompt is `EMERGENT_OTHER`: a wrong family costs more than none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.perception.intent_families import Family, Plane, plane_of
from gateway.perception.intent_text import spoken
from gateway.perception.intent_words import APPARATUS, APPROVAL, BEGINNINGS, CLEAR, HINT, NOT, TERMS, TROUBLE, Term

ENOUGH = 1.0
"""Weight below which nothing is said: more than one hint, less than one clear word."""
AHEAD = 0.15
"""Weight by which a family must be ahead of the next: just below the step from a word of trouble to a clear word,
so that a subject named by one clear word beats its trouble and nothing closer does."""

OPENING, SHOWN, ONLY_SHOWN, DENIED = 1.4, 0.25, 0.6, 0.2
"""Factors of the word that opens what is said, of what is shown, of what is shown where nothing is said, and of what
is denied. A strong word that is shown is weaker than a hint that is said."""
REACH = 2
"""Words after a denial that it denies."""

BROKEN = 2 * CLEAR
"""Weight of a tool in trouble: of two clear words, so that the trouble is the tool's and no longer a test's."""
NEAR = 6
"""Words between a tool and its trouble: about one clause."""
ASKED = 1.1
"""Weight of a question about what is there: enough by itself, less than any clear word of what it is about."""

MAX_WORDS = 5
"""Words named as having spoken for a family."""

_ASKED = Term("?", Family.KNOWLEDGE_ALIGNMENT, ASKED, 1)
_BROKEN_TOOL = Term("tool + trouble", Family.TOOL_RELIABILITY, BROKEN, 1)

_BY_TOOL = {
    "Task": Family.ORCHESTRATION_EXECUTION,
    "TodoWrite": Family.ORCHESTRATION_EXECUTION,
    "WebSearch": Family.RESEARCH_DECISION_SUPPORT,
    "WebFetch": Family.RESEARCH_DECISION_SUPPORT,
}


@dataclass(frozen=True, slots=True)
class Intent:
    """What a prompt is about, how sure that is (0 to 1; 0 for `EMERGENT_OTHER`), and which words spoke for it."""

    family: Family
    plane: Plane
    confidence: float
    words: tuple[str, ...]


def classify(text: str, tool: str = "") -> Intent:
    """The intent of a prompt; `tool`, the one about to be called, is worth a hint. It never raises."""
    prompt = spoken(text)
    found: dict[Term, float] = {}
    _collect(prompt.said, found, OPENING, 1.0)
    shown = SHOWN if prompt.said else ONLY_SHOWN
    _collect(prompt.shown, found, shown, shown)
    if prompt.asks:
        found[_ASKED] = ASKED
    if tool in _BY_TOOL:
        found[Term(tool, _BY_TOOL[tool], HINT, 1)] = HINT
    return _decided(found)


def _collect(words: tuple[str, ...], found: dict[Term, float], opening: float, after: float) -> None:
    """Adds the phrases among these words, each with the most that it weighs anywhere; the first has its own factor."""
    for_next, denied = 0, -1
    apparatus = trouble = -2 * NEAR
    for place, word in enumerate(words):
        begun = BEGINNINGS.get(word)
        if begun is None or place < for_next:
            continue
        longest, term = begun
        for size in range(longest, 1, -1):
            phrase = TERMS.get(words[place : place + size])
            if phrase is not None:
                term = phrase
                break
        if term is None:
            denied = place + REACH if word == NOT else denied
            continue
        for_next = place + term.size
        # A hint that opens a sentence is still a hint: "fix it" names nothing.
        factor = opening if place == 0 and term.weight > HINT else after
        if place <= denied and term.phrase not in APPROVAL:
            factor *= DENIED
        weight = term.weight * factor
        if weight > found.get(term, 0.0):
            found[term] = weight
        if term.phrase in APPARATUS:
            apparatus = place
        elif term.phrase in TROUBLE:
            trouble = place
        else:
            continue
        if abs(apparatus - trouble) <= NEAR:
            found[_BROKEN_TOOL] = max(found.get(_BROKEN_TOOL, 0.0), BROKEN * factor)


def _decided(found: Mapping[Term, float]) -> Intent:
    by_family: dict[Family, list[Term]] = {}
    for term in sorted(found, key=found.__getitem__, reverse=True):
        if term.family is not None:
            by_family.setdefault(term.family, []).append(term)
    # Each further word for the same counts half of the one before it: much text is not much evidence.
    weights = {
        family: sum(found[term] * 0.5**further for further, term in enumerate(terms))
        for family, terms in by_family.items()
    }
    ranked = sorted(weights, key=weights.__getitem__, reverse=True)
    best = weights[ranked[0]] if ranked else 0.0
    second = weights[ranked[1]] if len(ranked) > 1 else 0.0
    if best < ENOUGH or best - second < AHEAD:
        return Intent(Family.EMERGENT_OTHER, plane_of(Family.EMERGENT_OTHER), 0.0, ())
    family = ranked[0]
    spoke = tuple(term.phrase for term in by_family[family][:MAX_WORDS])
    return Intent(family, plane_of(family), best / (best + second + ENOUGH), spoke)
