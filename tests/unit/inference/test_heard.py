from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inference.engines.heard import COUNTS, Pieces, counted
from services.inference.model import Usage


@pytest.mark.parametrize("count", [0, 1, COUNTS - 1])
def test_a_count_is_a_number_of_tokens(count: int) -> None:
    assert counted(count, 2) == Usage(count, 2, counted_by_engine=True)
    assert counted(2, count) == Usage(2, count, counted_by_engine=True)


@pytest.mark.parametrize("count", [-1, COUNTS, 1 << 40, 1.0, True, None, "12", [12]])
def test_anything_else_is_none(count: object) -> None:
    assert counted(count, 2) == counted(2, count) == Usage()


@given(st.text(), st.integers(1, 5))
def test_a_text_is_whole_however_a_server_splits_it(text: str, size: int) -> None:
    units = text.encode("utf-16-le")
    split = [units[at : at + 2 * size].decode("utf-16-le", "surrogatepass") for at in range(0, len(units), 2 * size)]
    pieces = Pieces()
    assert "".join(map(pieces.text, split)) == text


@given(st.lists(st.one_of(st.text(st.characters()), st.integers(0xD7FE, 0xE001).map(chr), st.none(), st.integers())))
def test_whatever_comes_can_be_sent(split: list[object]) -> None:
    pieces = Pieces()
    shown = "".join(map(pieces.text, split))
    shown.encode()
    assert json.loads(json.dumps(shown)) == shown
