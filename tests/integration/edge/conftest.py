from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.integration.system.running_spark import ROOMY, Spark


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    """The Spark that others share; its hooks have 2 s."""
    spark = Spark.up(tmp_path_factory.mktemp("fleet") / "home", environment=ROOMY)
    yield spark
    assert spark.stop() == 0
    assert "Traceback" not in spark.said
