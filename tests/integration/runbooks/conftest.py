"""A ground for each drill."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.runbooks.ground import Ground

WHY = "drills take minutes; `make drills` runs them, and so does CI"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Drills run where they are asked for and in CI: the tests of every day must not take as long as all of them."""
    asked = bool(os.environ.get("CI") or os.environ.get("DRILLS"))
    for item in items:
        if "tests/integration/runbooks/" in item.path.as_posix():
            item.add_marker(pytest.mark.drills)
            if not asked:
                item.add_marker(pytest.mark.skip(reason=WHY))


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> AsyncGenerator[Ground]:
    """A data folder with nothing in it; what a drill leaves running is ended."""
    ground = Ground(tmp_path / "home", tmp_path / "ground")
    yield ground
    await ground.clear()
