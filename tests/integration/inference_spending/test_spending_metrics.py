"""What the metrics say of spending is what the books say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from chassis.database import Database
from services.inference.spending import Spending
from tests.integration.inference_spending.conftest import SetClock
from tests.integration.inference_spending.test_spending_budget import COST, HELD, answered, dear, spending

pytestmark = pytest.mark.usefixtures("calling")


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def answered_and_booked(books: Spending) -> None:
    assert await answered(books, dear())
    await books.booked()


async def test_spend_and_tokens_are_those_of_the_books(
    database: Database, other_database: Database, clock: SetClock
) -> None:
    one, other = spending(database, clock, 10 * HELD), spending(other_database, clock, 10 * HELD)
    read, written = (shown("spark_tokens_total", engine="scripted", direction=way) for way in ("input", "output"))
    await answered_and_booked(one)
    await answered_and_booked(other)
    assert shown("spark_spend_usd") == pytest.approx(2 * COST / 1e6)
    assert shown("spark_spend_budget_usd") == pytest.approx(10 * HELD / 1e6)
    assert shown("spark_tokens_total", engine="scripted", direction="input") == read + 200
    assert shown("spark_tokens_total", engine="scripted", direction="output") == written + 40
    clock.time += timedelta(days=1)
    await one.measure()
    assert shown("spark_spend_usd") == 0
