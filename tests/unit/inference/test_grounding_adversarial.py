"""What is made up is refused, and what is said honestly mostly stands."""

from __future__ import annotations

from services.inference.grounding import inventions, sources_of
from services.inference.polarity import turned_round
from tests.unit.inference.advice_cases import ADVICE, Advice
from tests.unit.inference.inventing import completions

SEEDS = (1, 20, 300)
AT_LEAST = 1000
HONEST_SHARE = 0.95
HELD_OUT_SHARE = 0.75
"""Of paraphrases that the vocabulary was not chosen for, so many at least must stand."""


def stands(text: str, advice: Advice) -> bool:
    return not inventions(text, sources_of(advice.sources)) and not turned_round(text, advice.sources)


def test_none_of_thousands_of_inventions_stands() -> None:
    tried = completions(SEEDS)
    print(f"{len(tried):,} made-up completions, {len({each.text for each in tried}):,} different texts")
    assert AT_LEAST <= len(tried) == len({(each.advice, each.text) for each in tried})
    assert [(each.how, each.text) for each in tried if stands(each.text, each.advice)] == []


def test_honest_words_mostly_stand() -> None:
    for share, sets in (
        (HONEST_SHARE, [(advice, advice.honest) for advice in ADVICE]),
        (HELD_OUT_SHARE, [(advice, advice.held_out) for advice in ADVICE]),
    ):
        judged = [stands(text, advice) for advice, texts in sets for text in texts]
        assert len(judged) == 30
        assert sum(judged) >= share * len(judged)


def test_what_is_honest_of_one_thing_is_invented_of_another() -> None:
    for advice in ADVICE:
        for other in ADVICE:
            if other is not advice:
                assert not any(stands(text, other) for text in (*advice.honest, *advice.held_out))
