from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.integration.system.running_spark import Spark


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    """One Spark for the tests of a module; none of them may take it down."""
    spark = Spark.up(tmp_path_factory.mktemp("system") / "home")
    yield spark
    assert spark.stop() == 0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "home"


StartSpark = Callable[..., Spark]


@pytest.fixture
def up(home: Path) -> Generator[StartSpark]:
    """Starts a Spark of the test's own on `home`; what still runs at the end is stopped."""
    started: list[Spark] = []

    def start(*words: str, **options: object) -> Spark:
        spark = Spark.up(home, *words, **options)  # pyright: ignore[reportArgumentType]
        started.append(spark)
        return spark

    yield start
    for spark in started:
        spark.stop()
