"""A bounded field holds head and tail of a text and no half of a secret."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from secret_samples import EVERY, leaked, pem

from gateway.redaction import FIELD_LIMIT_BYTES, cut, cut_payload, redact_text

SEEDS = st.integers(0, 2**32).map(Random)
MARKER = re.compile(r"…\[(\d+) bytes cut\]…")
LIMIT = 2048


def filler(random: Random, length: int, *, lines: bool) -> str:
    ends = (" ", ". ", "\n") if lines else (" ", ", ")
    text = ""
    while len(text) < length:
        text += random.choice(("build", "the", "widget", "failed", "in", "step", "two")) + random.choice(ends)
    return text[:length]


@given(st.text(st.characters(exclude_categories=()), max_size=400), st.integers(64, 400))
@settings(max_examples=4000, deadline=None)
def test_a_cut_text_fits_and_counts_what_is_missing(text: str, limit: int) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    bounded = cut(text, limit)
    assert len(bounded.encode("utf-8", "surrogatepass")) <= limit
    assert cut(bounded, limit) == bounded
    if size <= limit:
        assert bounded == text
    elif not MARKER.search(text):
        head, count, tail = MARKER.split(bounded)
        assert text.startswith(head)
        assert text.endswith(tail)
        assert int(count) == size - len((head + tail).encode("utf-8", "surrogatepass"))


def test_head_and_tail_of_a_long_text_are_kept() -> None:
    text = "\n".join(f"line {number}" for number in range(10_000))
    bounded = cut(text)
    assert len(bounded.encode()) > FIELD_LIMIT_BYTES * 0.9
    assert bounded.startswith("line 0\nline 1\n")
    assert bounded.endswith("line 9998\nline 9999")


def test_lines_are_not_halved() -> None:
    head, _, tail = MARKER.split(cut("\n".join("a whole line of output" for _ in range(1000)), LIMIT))
    assert set(head.splitlines()) == set(tail.splitlines()) == {"a whole line of output"}


@pytest.mark.parametrize("lines", [True, False])
@given(kind=st.sampled_from(sorted(EVERY)), random=SEEDS, edge=st.sampled_from(["head", "tail"]), part=st.floats(0, 1))
@settings(max_examples=4000, deadline=None)
def test_a_secret_across_a_cut_leaves_no_half(lines: bool, kind: str, random: Random, edge: str, part: float) -> None:
    text, secret = EVERY[kind](random)
    kept = (LIMIT - 48) // 2
    inside = round(part * len(text))
    before, after = (kept - inside, 3 * LIMIT) if edge == "head" else (3 * LIMIT, kept - (len(text) - inside))
    whole = (
        f"{filler(random, max(0, before - 1), lines=lines)}\n{text}\n{filler(random, max(0, after - 1), lines=lines)}"
    )
    output = redact_text(cut(whole, LIMIT))
    assert leaked(secret, output) is None, output


@pytest.mark.parametrize("length", [60, 400])
def test_a_key_longer_than_what_is_kept_leaves_nothing(length: int) -> None:
    random = Random(12)
    body = "\n".join(pem(random).secret for _ in range(length // 12))
    text = f"log\n-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{body}\n-----END PGP PRIVATE KEY BLOCK-----\nlog"
    assert leaked(body, redact_text(cut(text, LIMIT))) is None


def test_every_string_of_a_payload_is_cut() -> None:
    long = "word " * 10_000
    short = {"command": "make"}
    bounded = cut_payload({"tool_response": {"stdout": long, "lines": [long, 1, None]}, "tool_input": short})
    assert bounded["tool_response"] == {"stdout": cut(long), "lines": [cut(long), 1, None]}
    assert bounded["tool_input"] == short
