"""What the tests of a whole router have in common."""

from __future__ import annotations

import pytest

from services.router import recollection


@pytest.fixture(autouse=True)
def _unhurried_recall(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """These are of what is said, not of how fast, on a machine that is busy with other tests."""
    monkeypatch.setattr(recollection, "SECONDS", 2.0)
