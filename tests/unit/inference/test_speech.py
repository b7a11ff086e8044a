from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inference.speech import SCHEMA, Speech, read
from tests.unit.inference.scripted_pool import in_json

texts = st.text(max_size=60)
lines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30)
shares = st.floats(0, 1).map(lambda share: round(share, 3))


@given(texts, shares, texts, texts)
def test_json_is_read_as_it_was_meant(answer: str, confidence: float, verdict: str, risk: str) -> None:
    speech = read(in_json(answer, confidence, verdict, risk))
    assert (speech.answer, speech.confidence, speech.verdict) == (answer.lstrip(), confidence, verdict.strip())


@given(texts, shares, lines, st.booleans(), st.booleans())
def test_what_is_shown_is_never_taken_back(
    answer: str, confidence: float, verdict: str, json_form: bool, escaped: bool
) -> None:
    if json_form:
        fields = {"confidence": confidence, "verdict": verdict, "risk": "", "answer": answer}
        said = json.dumps(fields, ensure_ascii=escaped)
    else:
        said = f"CONFIDENCE: {confidence}\nVERDICT: {verdict}\n{answer}"
    shown, sure = "", None
    for end in range(len(said) + 1):
        speech = read(said[:end], whole=end == len(said))
        assert speech.answer.startswith(shown)
        assert sure is None or speech.confidence == sure
        shown, sure = speech.answer, speech.confidence
        # Nothing of the answer is there before the confidence is.
        assert not shown or sure is not None


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_read(said: str, whole: bool) -> None:
    speech = read(said, whole=whole)
    assert speech.confidence is None or 0 <= speech.confidence <= 1


@pytest.mark.parametrize(
    ("said", "confidence"),
    [
        ('{"confidence": 0.7, "answer": "x"}', 0.7),
        ('```json\n{"confidence": 1, "answer": "x"}\n```', 1.0),
        ('{"answer": "x", "confidence": 0.2}', 0.2),
        ('{"confidence": "high", "answer": "x"}', None),
        ('{"confidence": true, "answer": "x"}', None),
        ('{"confidence": 7, "answer": "x"}', None),
        ('{"confidence": -1, "answer": "x"}', None),
        ('{"confidence": NaN, "answer": "x"}', None),
        ('{"answer": "x"}', None),
        ("CONFIDENCE: 0.4\nx", 0.4),
        ("**Confidence:** 0.4\n\nx", 0.4),
        ("CONFIDENCE: 40%\nx", None),
        ("CONFIDENCE: very\nx", None),
        ("I am 0.9 sure.\nCONFIDENCE: 0.9", None),
        ("x", None),
        ("", None),
    ],
)
def test_a_confidence_is_a_number_that_was_given_or_none(said: str, confidence: float | None) -> None:
    assert read(said).confidence == confidence


def test_a_number_that_goes_on_is_not_read_yet() -> None:
    assert read('{"confidence": 0', whole=False) == Speech()
    assert read("CONFIDENCE: 0", whole=False) == Speech()


@pytest.mark.parametrize("risk", ["", "none", "None.", "N/A", "No risk", "no risks", "-"])
def test_no_risk_is_none_however_it_is_said(risk: str) -> None:
    assert read(in_json("x", 0.5, "x", risk)).risk == ""


def test_the_schema_has_the_confidence_first() -> None:
    assert list(json.loads(SCHEMA)["properties"]) == ["confidence", "verdict", "risk", "answer"]
