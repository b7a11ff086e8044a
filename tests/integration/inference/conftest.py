"""The tiny model, once a session, and the engines of the conformance suite."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from bench.tiny_model import write_tiny_model
from tests.integration.inference.cases import CASES, Case
from tests.integration.inference.world import STORE, World, inference


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_tiny_model(path)
    return path


@pytest.fixture(autouse=True)
def store(database_url: str) -> None:
    """A database of the test's own for the books."""
    STORE.url = database_url


@pytest.fixture(params=CASES, ids=lambda make: make.__name__)
def case(request: pytest.FixtureRequest, tiny_model: Path, tmp_path: Path) -> Generator[Case]:
    with request.param(tiny_model, tmp_path) as found:
        yield found


@pytest.fixture
async def world(case: Case, tmp_path: Path) -> AsyncGenerator[World]:
    """Inference with the one engine, ready."""
    async with inference(tmp_path / "home", case.settings) as world:
        await world.until(case.engine, "READY")
        yield world
