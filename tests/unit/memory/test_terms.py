"""What a text is looked up by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.memory.stemming import stem
from services.memory.terms import ASKED_AT_MOST, LONGEST, asked_terms, same_question, terms_of


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        # Porter's own examples of steps 1a to 1c.
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("ties", "ti"),
        ("caress", "caress"),
        ("cats", "cat"),
        ("feed", "feed"),
        ("agreed", "agree"),
        ("plastered", "plaster"),
        ("bled", "bled"),
        ("motoring", "motor"),
        ("sing", "sing"),
        ("conflated", "conflate"),
        ("troubled", "trouble"),
        ("sized", "size"),
        ("hopping", "hop"),
        ("tanned", "tan"),
        ("falling", "fall"),
        ("hissing", "hiss"),
        ("fizzed", "fizz"),
        ("failing", "fail"),
        ("filing", "file"),
        ("happy", "happi"),
        ("sky", "sky"),
        # What is no English stays.
        ("größe", "größe"),
        ("x2s", "x2s"),
        ("is", "is"),
    ],
)
def test_inflections_fold_as_porter_says(word: str, folded: str) -> None:
    assert stem(word) == folded


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("My bike is turquoise.", ["bike", "turquoise"]),
        ("What COLOUR is my bike?", ["colour", "bike"]),
        ("Anna's bikes, weren’t they painted?", ["anna", "bike", "paint"]),
        ("edit src/app/main.py", ["edit", "src/app/main.py", "src", "app", "main", "py"]),
        ("parseHeader() fails", ["parseheader", "parse", "header", "fail"]),
        ("use --no-verify", ["use", "no-verify", "verifi"]),
        ("Python 3.11", ["python", "3.11", "3", "11"]),
        ("自転車は青", ["自転", "転車", "車は", "は青"]),
        ("青", ["青"]),
        ("ＦＵＬＬ width", ["full", "width"]),
        ("What is it? … -- 🙂", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


@given(st.text(max_size=300))
def test_terms_hold_no_space_and_are_bounded(text: str) -> None:
    for term in terms_of(text):
        assert term
        assert len(term) <= LONGEST
        # They are stored as one text, divided by spaces.
        assert term.split(" ") == [term]


@given(st.lists(st.sampled_from(["bike", "bikes", "car", "cars", "turquoise", "painted", "painting", "tower"])))
def test_case_and_what_stands_around_words_change_nothing(words: list[str]) -> None:
    plain = terms_of(" ".join(words))
    assert terms_of(", ".join(f"({word.upper()})" for word in words)) == plain
    assert terms_of("!\n".join(word.capitalize() for word in words)) == plain


def test_a_long_question_is_looked_up_by_its_beginning_and_its_end() -> None:
    asked = asked_terms(" ".join(f"word{number}" for number in range(500)) + " word0")
    assert len(asked) == ASKED_AT_MOST
    assert (asked[0], asked[-1]) == ("word0", "word499")


def test_the_same_question_is_one_in_other_letters() -> None:
    assert same_question("what COLOUR are my bikes ?", "What colour is my bike?")
    assert not same_question("What colour is my car?", "What colour is my bike?")
    assert not same_question("My bike has a colour.", "What colour is my bike?")
