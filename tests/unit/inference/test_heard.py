from __future__ import annotations

import pytest

from services.inference.engines.heard import COUNTS, counted
from services.inference.model import Usage


@pytest.mark.parametrize("count", [0, 1, COUNTS - 1])
def test_a_count_is_a_number_of_tokens(count: int) -> None:
    assert counted(count, 2) == Usage(count, 2, counted_by_engine=True)
    assert counted(2, count) == Usage(2, count, counted_by_engine=True)


@pytest.mark.parametrize("count", [-1, COUNTS, 1 << 40, 1.0, True, None, "12", [12]])
def test_anything_else_is_none(count: object) -> None:
    assert counted(count, 2) == counted(2, count) == Usage()
