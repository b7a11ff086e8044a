from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inference.estimates import estimated
from services.inference.model import Message, Prompt, Role
from services.inference.prices import MICRO, PRICES, UNKNOWN, BadPrices, Price, most, price_of, read_prices

tokens = st.integers(0, 10_000_000)
dollars = st.decimals(0, 200, places=3)


def prompt(text: str, max_tokens: int = 160) -> Prompt:
    return Prompt("01K9ZQ4M2X0000000000000000", (Message(Role.USER, text),), max_tokens)


def test_a_million_tokens_cost_the_price() -> None:
    assert Price(Decimal(3), Decimal(15)).of(MICRO, 0) == 3 * MICRO
    assert Price(Decimal(3), Decimal(15)).of(0, MICRO) == 15 * MICRO
    assert Price(Decimal("0.05"), Decimal(0)).of(1, 0) == 1


@given(dollars, dollars, tokens, tokens)
def test_a_cost_is_never_rounded_down(read: Decimal, written: Decimal, some: int, more: int) -> None:
    cost = Price(read, written).of(some, more)
    assert read * some + written * more <= cost < read * some + written * more + 1


@pytest.mark.parametrize("name", ["gpt-4o-mini", "a/gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4o-mini-20240718"])
def test_a_model_is_known_by_its_name(name: str) -> None:
    assert price_of(name, {}) == PRICES["gpt-4o-mini"]


@pytest.mark.parametrize("name", ["", "gpt-4o-mini-audio", "gpt", "somebody/else", "GPT-4o-mini"])
def test_any_other_is_dear(name: str) -> None:
    assert price_of(name, {}) == UNKNOWN


def test_no_known_price_is_above_the_unknown_one() -> None:
    assert all(price.read <= UNKNOWN.read and price.written <= UNKNOWN.written for price in PRICES.values())


def test_the_setting_goes_before_the_list() -> None:
    own = read_prices("gpt-4o-mini=1/2, vendor/glm=0.2/1.1,")
    assert price_of("gpt-4o-mini-2024-07-18", own) == Price(Decimal(1), Decimal(2))
    assert price_of("vendor/glm", own) == Price(Decimal("0.2"), Decimal("1.1"))


@pytest.mark.parametrize("listed", ["gpt", "gpt=1", "gpt=1/x", "=1/2", "gpt=-1/2", "gpt=NaN/1", "gpt=1/Infinity"])
def test_prices_that_cannot_be_read_are_refused(listed: str) -> None:
    with pytest.raises(BadPrices):
        read_prices(listed)


@given(st.text(max_size=200), st.integers(1, 500))
def test_what_is_held_is_enough_for_all_bytes_and_all_that_may_be_written(text: str, most_tokens: int) -> None:
    price = Price(Decimal(3), Decimal(15))
    assert most(prompt(text, most_tokens), price) >= price.of(len(text.encode("utf-8", "replace")), most_tokens)
    guessed = estimated(prompt(text, most_tokens), 0)
    assert price.of(guessed.input_tokens, guessed.output_tokens) <= most(prompt(text, most_tokens), price)
