"""`python -m bench.recall_quality [--json]`: how often recall finds what answers a question, by terms and by meaning.

On `recall_questions.json`: five long conversations and their questions, written for this bench after the manner of
LoCoMo (A. Maharana et al., "Evaluating Very Long-Term Conversational Memory of LLM Agents", ACL 2024). hit@5: an entry
that answers is among the first five. Who wrote the questions wrote the code too: that is a check of the plumbing, and
no measure of quality.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import console
from services.memory.fusion import fused
from services.memory.meaning import Model, installed, load
from services.memory.relevance import Candidate, Ranked, rank, telling
from services.memory.terms import asked_terms, terms_of

QUESTIONS = Path(__file__).with_name("recall_questions.json")
FIRST = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the places of the entries of which any answers it; none where nothing does."""

    text: str
    evidence: frozenset[int]


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: what was said in its order, and what is asked of it."""

    texts: Sequence[str]
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of recalling found: of the questions that something answers, and of those that nothing does."""

    hits: int
    asked: int
    hits_without_term: int
    asked_without_term: int
    """Questions that have no term in common with what answers them."""
    idle: float
    """Entries recalled, of five, for a question that nothing answers."""

    @property
    def hit_rate(self) -> float:
        """hit@5."""
        return self.hits / self.asked


Ranking = Callable[[str], Sequence[Ranked]]
"""The places of a conversation for a question, nearest first."""


def read(path: Path = QUESTIONS) -> list[Talk]:
    """The conversations of a file."""
    return [talk_from(item) for item in json.loads(path.read_text(encoding="utf-8"))["conversations"]]


def talk_from(item: dict[str, Any]) -> Talk:
    """A conversation from its JSON."""
    entries = [entry for session in item["sessions"] for entry in session["entries"]]
    places = {entry["id"]: place for place, entry in enumerate(entries)}
    questions = [
        Question(each["ask"], frozenset(places[entry_id] for entry_id in each["evidence"]))
        for each in item["questions"]
    ]
    return Talk([entry["text"] for entry in entries], questions)


def by_terms(texts: Sequence[str]) -> Ranking:
    """Recall as it is without embeddings."""
    said = [terms_of(text) for text in texts]
    mean = sum(map(len, said)) / len(said)

    def ranking(question: str) -> Sequence[Ranked]:
        asked = asked_terms(question)
        counted = [Counter(term for term in terms if term in asked) for terms in said]
        found = [Candidate(place, counts, len(said[place])) for place, counts in enumerate(counted) if counts]
        return rank(asked, found, len(said), mean)

    return ranking


def by_meaning(texts: Sequence[str], model: Model) -> Ranking:
    """Embeddings alone."""
    from services.memory.likeness import alike, stored

    vectors = stored(model.embed(texts))
    return lambda question: alike(model.embed([question])[0], range(len(texts)), vectors)


def by_both(first: Ranking, second: Ranking) -> Ranking:
    """Recall as it is with embeddings."""
    return lambda question: fused([telling(first(question)), second(question)])


def measured(talks: Sequence[Talk], made: Callable[[Talk], Ranking]) -> Figures:
    """How one way of recalling does on conversations."""
    hits = Counter[bool]()
    asked = Counter[bool]()
    idle: list[int] = []
    for talk in talks:
        ranking = made(talk)
        for question in talk.questions:
            found = [ranked.place for ranked in ranking(question.text)[:FIRST]]
            if not question.evidence:
                idle.append(len(found))
                continue
            shared = any(shares_a_term(question.text, talk.texts[place]) for place in question.evidence)
            asked[shared] += 1
            hits[shared] += not question.evidence.isdisjoint(found)
    return Figures(hits.total(), asked.total(), hits[False], asked[False], sum(idle) / len(idle) if idle else 0.0)


def shares_a_term(question: str, text: str) -> bool:
    """Whether both have a term in common."""
    return not set(terms_of(question)).isdisjoint(terms_of(text))


def main() -> None:
    """Measures, and prints a table or one JSON document."""
    parser = argparse.ArgumentParser(prog="python -m bench.recall_quality", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    wanted = parser.parse_args()
    talks = read()
    ways: dict[str, Callable[[Talk], Ranking]] = {"lexical": lambda talk: by_terms(talk.texts)}
    if installed():
        model = load()
        ways["semantic"] = lambda talk: by_meaning(talk.texts, model)
        ways["both"] = lambda talk: by_both(by_terms(talk.texts), by_meaning(talk.texts, model))
    found = {name: measured(talks, made) for name, made in ways.items()}
    if wanted.json:
        print(json.dumps({name: {"hit@5": figures.hit_rate, **as_json(figures)} for name, figures in found.items()}))
        return
    entries = sum(len(talk.texts) for talk in talks)
    console.print(f"Plumbing, not quality: {len(talks)} conversations, {entries} entries, hit@{FIRST}")
    for name, figures in found.items():
        console.print(
            f"{name:9} {figures.hit_rate:6.1%} of {figures.asked}, "
            f"{figures.hits_without_term} of {figures.asked_without_term} without a common term, "
            f"{figures.idle:.1f} idle"
        )
    console.print("idle: entries recalled for a question that nothing answers")
    if "semantic" not in found:
        console.print("semantic  not installed: make semantic")


def as_json(figures: Figures) -> dict[str, float]:
    """The figures by name."""
    return {name: getattr(figures, name) for name in Figures.__slots__}


if __name__ == "__main__":
    main()
