from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.integration.system.running_spark import Spark


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    """One Spark for the tests of a module, with what decides on what is said left as it is."""
    spark = Spark.up(tmp_path_factory.mktemp("poisoning") / "home", within=60)
    yield spark
    assert spark.stop() == 0
