"""What hosted models cost. Pure.

All amounts are millionths of a US dollar, whole, and rounded up: a price of one dollar for a million tokens is one of
them for each token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from services.inference.model import Prompt

MICRO = 1_000_000
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})\Z")
"""The date that vendors put behind a model's name."""

TOKENS_PER_MESSAGE = 16
TOKENS_PER_PROMPT = 64
"""What templates put around messages, generously."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens read and written."""

    read: Decimal
    written: Decimal

    def of(self, read: int, written: int) -> int:
        """The cost of so many tokens, millionths of a dollar."""
        exact = self.read * read + self.written * written
        return int(exact.to_integral_value(rounding="ROUND_CEILING"))


FREE = Price(Decimal(0), Decimal(0))
UNKNOWN = Price(Decimal(15), Decimal(120))
"""The dearest of the list (gpt-5-pro): a hosted model whose price nobody gave ends the day's budget early, not late."""

PRICES: Mapping[str, Price] = {
    # platform.claude.com/docs/about-claude/models, as of November 2026. Models priced "from" are left out.
    "claude-fable-5-1": Price(Decimal(10), Decimal(50)),
    "claude-opus-5-5": Price(Decimal(4), Decimal(20)),
    "claude-opus-5": Price(Decimal(5), Decimal(25)),
    "claude-sonnet-5-5": Price(Decimal(2), Decimal(10)),
    # docs.rs/cogito-claude, which gives the vendor's list of November 2025.
    "claude-sonnet-4-5": Price(Decimal(3), Decimal(15)),
    # deploybase.ai/articles/openai-pricing, which gives the vendor's list of March 2026.
    "gpt-5-pro": UNKNOWN,
    "gpt-5": Price(Decimal("1.25"), Decimal(10)),
    "gpt-5-mini": Price(Decimal("0.25"), Decimal(2)),
    "gpt-5-nano": Price(Decimal("0.05"), Decimal("0.4")),
    "gpt-4.1": Price(Decimal(2), Decimal(8)),
    "gpt-4.1-mini": Price(Decimal("0.4"), Decimal("1.6")),
    "gpt-4.1-nano": Price(Decimal("0.1"), Decimal("0.4")),
    "gpt-4o": Price(Decimal("2.5"), Decimal(10)),
    "gpt-4o-mini": Price(Decimal("0.15"), Decimal("0.6")),
}
"""Prices change: the setting `inference.prices` goes before this list."""


class BadPrices(ValueError):
    """The setting of prices cannot be read."""


def read_prices(listed: str) -> dict[str, Price]:
    """Prices from their setting, `model=read/written` with commas between, US dollars for a million tokens.

    Raises:
        BadPrices: when one is not to be understood, or below zero.
    """
    prices: dict[str, Price] = {}
    for entry in filter(None, (part.strip() for part in listed.split(","))):
        model, _, pair = entry.rpartition("=")
        read, _, written = pair.partition("/")
        try:
            price = Price(Decimal(read), Decimal(written))
        except InvalidOperation:
            raise BadPrices(f"inference.prices: {entry!r}: expected model=read/written") from None
        amounts = (price.read, price.written)
        if not model.strip() or not all(amount.is_finite() and amount >= 0 for amount in amounts):
            raise BadPrices(f"inference.prices: {entry!r}: expected model=read/written, neither below zero")
        prices[model.strip()] = price
    return prices


def price_of(model: str, own: Mapping[str, Price]) -> Price:
    """The price of a hosted model; `own` goes before the list, and a model that is in neither is dear.

    A name is looked up as it is, without a provider ahead of it, and without a date behind it; never by its beginning,
    for `gpt-5-pro` is no `gpt-5`.
    """
    short = model.rpartition("/")[2]
    for name in (model, short, DATED.sub("", short)):
        for prices in (own, PRICES):
            if name in prices:
                return prices[name]
    return UNKNOWN


def most(prompt: Prompt, price: Price) -> int:
    """What a completion costs at most, millionths of a dollar.

    A token of text is one byte at least, so bytes bound the tokens that are read; the prompt bounds those written. An
    engine that counts more than that, as some count what they think, goes beyond it.
    """
    read = TOKENS_PER_PROMPT + len(prompt.json_schema.encode())
    read += sum(TOKENS_PER_MESSAGE + len(message.text.encode()) for message in prompt.messages)
    return price.of(read, prompt.max_tokens)
