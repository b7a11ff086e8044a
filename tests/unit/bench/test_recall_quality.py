"""Recall on the questions of the bench: that it does not become worse unseen. Plumbing, not quality."""

from __future__ import annotations

from bench.recall_quality import Question, Talk, by_both, by_meaning, by_terms, measured, read
from services.memory.meaning import load
from tests.weights import needs_weights

LEXICAL_FLOOR = 0.53
"""Measured 71 of 127, 0.559: all that have a term in common with an answer, and none of the others."""
FUSED_FLOOR = 0.76
"""Measured 101 of 127, 0.795."""


def test_the_set_is_large_enough_to_tell() -> None:
    talks = read()
    assert len(talks) >= 5
    assert min(len(talk.texts) for talk in talks) >= 60
    assert sum(len(talk.questions) for talk in talks) >= 100


def test_lexical_recall_finds_what_it_found() -> None:
    found = measured(read(), lambda talk: by_terms(talk.texts))
    assert found.hit_rate >= LEXICAL_FLOOR
    assert found.idle <= 1


@needs_weights
def test_recall_with_embeddings_finds_what_it_found() -> None:
    model = load()
    found = measured(read(), lambda talk: by_both(by_terms(talk.texts), by_meaning(talk.texts, model)))
    assert found.hit_rate >= FUSED_FLOOR
    assert found.hits_without_term >= 25


def test_only_an_entry_that_answers_among_the_first_five_is_a_hit() -> None:
    texts = ["tea one", *["tea"] * 5, "bike", "car red"]
    asked = [Question("tea?", frozenset({0})), Question("bike?", frozenset({6})), Question("car?", frozenset())]
    found = measured([Talk(texts, [*asked, Question("lorry?", frozenset({7}))])], lambda talk: by_terms(talk.texts))
    assert (found.hits, found.asked) == (1, 3)
    assert (found.hits_without_term, found.asked_without_term) == (0, 1)
    assert found.idle == 1
