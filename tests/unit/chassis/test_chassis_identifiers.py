"""Identifiers that are the same for the same thing, and for nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.identifiers import digest, new_ulid

# Paths and prompts can hold lone surrogates.
texts = st.lists(st.text(st.characters(), max_size=8), max_size=4)


@given(texts, texts)
def test_a_digest_tells_lists_of_texts_apart(left: list[str], right: list[str]) -> None:
    assert (digest(*left) == digest(*right)) == (left == right)


@given(st.text(min_size=1), st.integers(0, 20))
def test_the_border_between_parts_counts(text: str, border: int) -> None:
    assert digest(text[:border], text[border:]) != digest(text)


@given(texts, st.integers(1, 32))
def test_a_digest_is_hexadecimal_and_as_long_as_asked(parts: list[str], size: int) -> None:
    found = digest(*parts, size=size)
    assert len(found) == 2 * size
    assert set(found) <= set("0123456789abcdef")
    assert found == digest(*parts, size=size)


def test_a_digest_is_the_same_in_every_release() -> None:
    # Stored ids rest on it.
    assert digest("local", "claude-code", "session") == "a534c7cb24ea060b3fdf45500fd039ff"


def test_ulids_differ_and_sort_by_time() -> None:
    found = [new_ulid() for _ in range(1000)]
    assert len(set(found)) == 1000
    assert {len(one) for one in found} == {26}
    moments = [one[:10] for one in found]
    assert moments == sorted(moments)
