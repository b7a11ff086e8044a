from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inference.answers import told
from services.inference.deliberation import View, decide, same

short = st.text("abc xyz019'", max_size=12)
views = st.lists(
    st.builds(View, st.sampled_from(["r", "c", "l", "k"]), short, st.floats(0, 1), short, short), max_size=6
)


def view(by: str, verdict: str, confidence: float, answer: str = "", risk: str = "") -> View:
    return View(by, answer or f"{by} says {verdict}", confidence, verdict, risk)


def test_the_verdict_with_the_most_confidence_wins() -> None:
    decision = decide([view("r", "yes", 0.9), view("c", "no", 0.5), view("l", "No.", 0.6)])
    assert decision is not None
    assert decision.answer == "l says No."
    assert decision.disagreement
    assert decision.camps == (("no", ("c", "l")), ("yes", ("r",)))
    assert decision.confidence == pytest.approx(1.1 / 3)


def test_those_who_agree_do_so_in_full() -> None:
    decision = decide([view("r", "turquoise", 0.8), view("c", "It is turquoise", 0.9)])
    assert decision is not None
    assert (decision.disagreement, decision.answer) == (False, "c says It is turquoise")
    assert decision.confidence == pytest.approx(0.85)


def test_who_is_unsure_contradicts_nobody_and_lowers_what_is_certain() -> None:
    decision = decide([view("r", "yes", 0.8), view("c", "unsure", 0.9)])
    assert decision is not None
    assert not decision.disagreement
    assert decision.confidence == pytest.approx(0.4)


def test_risks_are_told_in_the_words_of_those_who_named_them() -> None:
    risk = "all customer data is lost"
    decision = decide([view("r", "yes", 0.9), view("l", "no", 0.1, risk=risk), view("k", "no", 0.1, risk=f"{risk}.")])
    assert decision is not None
    assert decision.risks == (risk,)
    words = told(decision)
    assert words.startswith("r says yes\n")
    assert 'r: "yes"; l, k: "no"' in words
    assert words.endswith(f"Risk that was named: {risk}")


def test_nobody_is_no_council() -> None:
    assert decide([]) is None
    assert decide([View("r", "  ", 0.9, "yes", "a risk")]) is None


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("yes", "Yes.", True),
        ("the red one", "red one", True),
        ("red", "red bike", True),
        ("yes", "no", False),
        ("safe", "not safe", False),
        ("port 80", "port 8080", False),
        ("3", "3.0.1", False),
        ("red", "blue", False),
        ("…", "…", True),
        ("…", "?", False),
    ],
)
def test_verdicts_are_compared_by_their_words(one: str, other: str, agree: bool) -> None:
    assert same(one, other) is same(other, one) is agree


@given(views)
def test_a_decision_invents_nothing(heard: list[View]) -> None:
    decision = decide(heard)
    said = [held for held in heard if held.answer.strip()]
    assert (decision is None) == (not said)
    if decision is None:
        return
    assert decision.answer in {held.answer.strip() for held in said}
    assert 0 <= decision.confidence <= max(held.confidence for held in said) + 1e-9
    assert all(any(risk.split() == held.risk.split() for held in said) for risk in decision.risks)
    assert not decision.disagreement or len({held.verdict for held in said}) > 1


@given(views, st.sampled_from(["yes", "blue"]))
def test_all_who_say_the_same_do_not_disagree(heard: list[View], verdict: str) -> None:
    decision = decide([View(held.by, held.answer, held.confidence, verdict, held.risk) for held in heard])
    assert decision is None or not decision.disagreement
