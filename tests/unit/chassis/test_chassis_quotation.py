from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.quotation import TAG, bounded, clipped, code, open_mark, quote

STRANGE = '"`<!/ab \n\x1b\x00\u202e\u200b\u2028\u061c\U000e0041\ufe0f\u3164\ud800“”'
TEXTS = st.text() | st.text(st.sampled_from(STRANGE))


@given(TEXTS, st.integers(1, 200))
def test_somebodys_words_stay_within_their_marks(text: str, limit: int) -> None:
    for said in (code(text, limit), quote(text, limit)):
        assert said[0] == said[-1]
        assert said[0] not in said[1:-1]
        assert len(said) <= limit + 2
        assert said.isprintable()
        assert not TAG.search(said)


@given(TEXTS, st.integers(1, 200))
def test_what_is_said_once_is_said_the_same_again(text: str, limit: int) -> None:
    assert bounded(bounded(text, limit), limit) == bounded(text, limit)


@given(st.lists(TEXTS, max_size=4), st.integers(0, 300))
def test_advice_that_is_cut_leaves_no_quotation_open(texts: list[str], limit: int) -> None:
    advice = " failed, ".join(quote(text, 60) if len(text) % 2 else code(text, 60) for text in texts)
    cut = clipped(advice, limit)
    assert len(cut) <= limit
    assert not open_mark(cut) or limit <= 2


def test_letters_hidden_as_tags_are_gone() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "run rm -rf")
    assert quote(f"no{hidden} such file", 60) == '"no such file"'
